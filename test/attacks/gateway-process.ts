import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A gateway of some checkout, as a process of its own over a SQLite file of its own. */
export interface AttackedGateway {
  directory: string;
  url: string;
  child: ChildProcess;
  /** Asks as a server. Answers "ok", or the error's code, or why there was no answer. */
  ask(query: string): Promise<string>;
  /** Runs a command to its end. */
  run(...args: string[]): Promise<{ code: number | null; output: string }>;
  /** Starts another process over the same file. */
  startAnother(): Promise<{ url: string; child: ChildProcess; ask: AttackedGateway["ask"]; log: () => string }>;
  /** What it has printed. */
  log(): string;
  stop(): Promise<void>;
}

const TSX = import.meta.resolve("tsx");

/** @param checkout the folder whose gateway is attacked. */
export async function startAttackedGateway(checkout: string): Promise<AttackedGateway> {
  const directory = mkdtempSync(join(tmpdir(), "xkit-attack-"));
  writeFileSync(join(directory, "xkit.config.json"), JSON.stringify({ platform: { name: "Acme" } }));
  const launch = (args: readonly string[], env: Record<string, string> = {}) => {
    const { PATH = "" } = process.env;
    const cli = join(checkout, "gateway", "cli.ts");
    const child = spawn(process.execPath, ["--import", TSX, cli, ...args], { cwd: directory, env: { PATH, LOG_LEVEL: "error", ...env } });
    const printed = { text: "" };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (printed.text += text));
    return { child, log: () => printed.text };
  };
  const run = async (...args: string[]) => {
    const { child, log } = launch(args);
    await once(child, "close");
    return { code: child.exitCode, output: log() };
  };
  const { output } = await run("keys", "create", "--name", "attack");
  const [, publishable = "", secret = ""] = /publishable (\S+)\s+secret\s+(\S+)/.exec(output) ?? [];
  const authorization = `Basic ${Buffer.from(`${publishable}:${secret}`).toString("base64")}`;

  const askAt = (url: string) => async (query: string) => {
    try {
      const init = { method: "POST", headers: { "content-type": "application/json", authorization }, body: JSON.stringify({ query }) };
      const { errors } = await (await fetch(`${url}/graphql`, init)).json();
      return errors ? String(errors[0].extensions.code) : "ok";
    } catch (error) {
      return error instanceof Error ? error.message : "no answer";
    }
  };
  const start = async () => {
    const port = await findFreePort();
    const url = `http://127.0.0.1:${port}`;
    const { child, log } = launch(["start"], { PORT: String(port), XKIT_PUBLIC_URL: `http://localhost:${port}` });
    while ((await fetch(`${url}/readyz`).catch(() => null))?.status !== 200) {
      if (child.exitCode !== null) throw new Error(`The gateway ended: ${log()}`);
      await new Promise((next) => void setTimeout(next, 100));
    }
    return { url, child, log, ask: askAt(url) };
  };
  const first = await start();

  return {
    ...first,
    directory,
    run,
    startAnother: start,
    async stop() {
      first.child.kill("SIGKILL");
      await once(first.child, "exit");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return address && typeof address === "object" ? address.port : 0;
}
