import { parseArgs } from "node:util";
import { UsageError } from "./commands/usage-error.ts";
import { ConfigError, parseConfig } from "./config/config.ts";
import { MAXIMUM_WORKERS } from "./config/environment.ts";
import { explainFailure } from "./config/explain-error.ts";
import { readConfigFile } from "./config/file.ts";
import { limitHeap } from "./runtime/heap.ts";
import { WorkersError } from "./config/workers-error.ts";

const USAGE = `xkit-gateway: live third-party access tokens for your users

  xkit-gateway [start]                      run the gateway
      [--workers <number>]                  with so many processes on one port; default: XKIT_WORKERS, else 1
  xkit-gateway connectors list              list the providers that the gateway knows
  xkit-gateway connectors check [<slug>]    list errors and known traps of the configured connectors
  xkit-gateway connectors add <provider>    write a connector into the configuration file
      [--as <slug>]
  xkit-gateway users token <user_id>        print a user token, making the user known first
      [--group <id>] [--name <name>]
  xkit-gateway users revoke <user_id>       end all tokens and sessions that the user has until now
  xkit-gateway keys create [--name <name>]  print a new pair of API keys; the secret is shown once
  xkit-gateway keys list
  xkit-gateway keys revoke <publishable>
  xkit-gateway keys seal                    print a new key for XKIT_ENCRYPTION_KEYS
  xkit-gateway keys status                  count the sealed values and HMACs of each key
  xkit-gateway keys reseal                  seal everything with the first key, also while gateways run
  xkit-gateway keys rotate                  sign new session tokens with a new key
  xkit-gateway backup <path>                copy a SQLite store, also while gateways run
  xkit-gateway restore <backup>             put a backup in a SQLite store's place
  xkit-gateway restore --taken-at <time>    say when the dump of a restored Postgres store was started

Environment and configuration file are those of the gateway itself.`;

type Options = { name?: string; group?: string; as?: string; "taken-at"?: string; workers?: string };

interface Command {
  /** What follows the command's own words; none unless stated. */
  subject?: string;
  isSubjectOptional?: boolean;
  options?: readonly (keyof Options)[];
  /** @param command The file of the command line. */
  run(subject: string, options: Options, command: string): Promise<void> | void;
}

/** Loads what is not for `start`. */
const load = () => import("./commands/index.ts");

const commands = new Map<string, Command>([
  ["start", { options: ["workers"], run: (_subject, { workers }, command) => start(command, workers) }],
  // Started by the primary alone.
  ["worker", { subject: "number", run: startWorker }],
  ["connectors list", { run: async () => (await load()).listKnownProviders() }],
  ["connectors check", { subject: "slug", isSubjectOptional: true, run: async (slug) => (await load()).checkConnectors(slug) }],
  [
    "connectors add",
    { subject: "provider", options: ["as"], run: async (provider, options) => (await load()).addConnector(provider, options) },
  ],
  [
    "users token",
    {
      subject: "user_id",
      options: ["group", "name"],
      async run(id, options) {
        const { printUserToken, withServices } = await load();
        await withServices((services, config) => printUserToken(services, config, id, options));
      },
    },
  ],
  [
    "users revoke",
    {
      subject: "user_id",
      async run(id) {
        const { revokeUser, withServices } = await load();
        await withServices((services, config) => revokeUser(services, config, id));
      },
    },
  ],
  [
    "keys create",
    {
      options: ["name"],
      async run(_subject, { name }) {
        const { createApiKey, withServices } = await load();
        await withServices((services) => createApiKey(services, name));
      },
    },
  ],
  ["keys list", { run: async () => load().then(({ listApiKeys, withServices }) => withServices(listApiKeys)) }],
  [
    "keys revoke",
    {
      subject: "publishable",
      async run(id) {
        const { revokeApiKey, withServices } = await load();
        await withServices((services) => revokeApiKey(services, id));
      },
    },
  ],
  ["keys seal", { run: async () => (await load()).printSealingKey() }],
  ["keys status", { run: async () => (await load()).printKeyStatus() }],
  ["keys reseal", { run: async () => load().then(({ resealStore, withServices }) => withServices(resealStore)) }],
  ["keys rotate", { run: async () => load().then(({ rotateSigningKey, withServices }) => withServices(rotateSigningKey)) }],
  ["backup", { subject: "path", run: async (path) => (await load()).makeBackup(path) }],
  [
    "restore",
    {
      subject: "backup",
      isSubjectOptional: true,
      options: ["taken-at"],
      run: async (backup, options) => (await load()).restoreBackup(backup, options),
    },
  ],
]);

async function run(argv: string[], file: string): Promise<void> {
  const { values, positionals } = parse(argv);
  const { help, ...options } = values;
  if (help) return console.log(USAGE);
  const words = commands.has(positionals[0] ?? "start") ? 1 : 2;
  const name = positionals.slice(0, words).join(" ") || "start";
  const command = commands.get(name);
  if (!command) throw new UsageError(`There is no command "${positionals.join(" ")}".`);
  const [subject, ...more] = positionals.slice(words);
  if (command.subject && !command.isSubjectOptional && subject === undefined) throw new UsageError(`${name} needs <${command.subject}>.`);
  const surplus = command.subject ? more : positionals.slice(words);
  if (surplus.length > 0) throw new UsageError(`Too many arguments: ${surplus.join(" ")}`);
  const stray = Object.keys(options).find((option) => !command.options?.some((known) => known === option));
  if (stray) throw new UsageError(`${name} takes no --${stray}.`);
  await command.run(subject ?? "", options, file);
}

async function start(command: string, workers?: string): Promise<void> {
  limitHeap();
  surviveClosedOutput();
  const file = readConfigFile();
  const config = parseConfig(workers === undefined ? process.env : { ...process.env, XKIT_WORKERS: parseWorkers(workers) }, file);
  if (config.workers === 1) return (await import("./main.ts")).main(config, file);
  await (await import("./workers/primary.ts")).runPrimary(config, file, command);
}

function parseWorkers(text: string): string {
  const count = Number(text);
  if (/^\d{1,3}$/.test(text) && count >= 1 && count <= MAXIMUM_WORKERS) return text;
  throw new UsageError(`--workers must be a whole number from 1 to ${MAXIMUM_WORKERS}.`);
}

async function startWorker(number: string): Promise<void> {
  if (!process.send) throw new UsageError("A worker is started by the gateway itself: xkit-gateway start --workers <number>");
  limitHeap();
  surviveClosedOutput();
  await (await import("./workers/worker.ts")).runWorker(Number(number), process.send.bind(process));
}

/** What cannot be printed must not end the process. */
function surviveClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

function parse(argv: string[]) {
  try {
    const options = {
      as: { type: "string" },
      group: { type: "string" },
      name: { type: "string" },
      "taken-at": { type: "string" },
      workers: { type: "string" },
      help: { type: "boolean", short: "h" },
    } as const;
    return parseArgs({ args: argv, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof WorkersError) return error.exitCode;
  return error instanceof UsageError || error instanceof ConfigError ? 2 : 1;
}

/**
 * Runs a command, and prints and exits with what has failed.
 * @param argv What follows the command line's name.
 * @param file The file that runs this, by which workers are started.
 */
export async function runCommandLine(argv: string[], file: string): Promise<void> {
  try {
    await run(argv, file);
  } catch (error) {
    console.error(error instanceof UsageError ? `${error.message}\nAll commands: xkit-gateway --help` : explainFailure(error));
    process.exitCode = exitCodeOf(error);
  }
}
