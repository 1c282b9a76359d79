import { readFileSync } from "node:fs";
import { createApp } from "./app.ts";
import { type Config, ConfigError, DEFAULT_CONFIG_FILE, parseConfig } from "./config.ts";
import { startGateway } from "./listen.ts";
import { createLog } from "./log.ts";
import { MigrationError } from "./vault/migrations/migrate.ts";

/** The configuration file that `XKIT_CONFIG` names, else the default one where there is one. Throws `ConfigError` when it cannot be read. */
export function readConfigFile(): { path: string; text: string } | null {
  const path = process.env["XKIT_CONFIG"] || DEFAULT_CONFIG_FILE;
  try {
    return { path, text: readFileSync(path, "utf8") };
  } catch {
    if (process.env["XKIT_CONFIG"]) throw new ConfigError([`XKIT_CONFIG names ${path}, which cannot be read`]);
    return null;
  }
}

/** Environment to configuration to app to port, until a signal says stop. */
export async function main(): Promise<void> {
  const file = readConfigFile();
  const config = parseConfig(process.env, file);
  const log = createLog(config.logLevel);
  const isDemo = file === null && config.mode === "development";
  let closeDemo = async () => {};
  const build = async (settled: Config) => {
    if (!isDemo) return { config: settled, app: await createApp(settled, { log }) };
    const demo = await (await import("./demo/demo.ts")).startDemo(settled);
    closeDemo = demo.provider.close;
    return { config: demo.config, app: await createApp(demo.config, { log }) };
  };
  const gateway = await startGateway(config, build);
  log.info({ url: gateway.config.publicUrl }, "listening");
  if (config.mode === "development")
    console.log((await import("./demo/banner.ts")).banner(gateway.config, await signInLink(gateway), isDemo));

  const stop = () => {
    process.off("SIGTERM", stop).off("SIGINT", stop);
    void gateway
      .stop()
      .then(() => closeDemo())
      .then(() => process.exit(0));
  };
  process.once("SIGTERM", stop).once("SIGINT", stop);
}

const DEVELOPMENT_USER = { id: "ada", name: "Ada" };

async function signInLink({ app, config }: Awaited<ReturnType<typeof startGateway>>): Promise<string> {
  const { token } = await app.provisionUser(DEVELOPMENT_USER);
  return `${config.publicUrl}/sign-in?token=${token}`;
}

/** Mistakes of configuration are told as sentences, not as stack traces. */
export function explainFailure(error: unknown): string {
  if (error instanceof ConfigError || error instanceof MigrationError) return error.message;
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE")
    return "The port is already in use: set PORT to another one.";
  if (error instanceof Error && "code" in error) return `The gateway could not start (${String(error.code)}): ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
