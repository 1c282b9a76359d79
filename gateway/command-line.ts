import { parseArgs } from "node:util";
import { describeUnknown, USAGE, usageOf } from "./commands/usage.ts";
import { CommandError, UsageError } from "./commands/usage-error.ts";
import { readVersion } from "./commands/version.ts";
import { ConfigError, parseConfig } from "./config/config.ts";
import { MAXIMUM_WORKERS } from "./config/environment.ts";
import { explainFailure } from "./config/explain-error.ts";
import { readConfigFile } from "./config/file.ts";
import { NoConfigFileError } from "./config/no-config-file.ts";
import { runsDemo } from "./config/runs-demo.ts";
import { createLog } from "./runtime/log.ts";
import { limitHeap } from "./runtime/heap.ts";
import { keepBytecode } from "./runtime/keep-bytecode.ts";
import { warnOfUnknownVariables } from "./config/unknown-variables.ts";
import { WorkersError } from "./config/workers-error.ts";
import type { StartDemo } from "./main.ts";

type Options = {
  name?: string;
  group?: string;
  as?: string;
  "taken-at"?: string;
  workers?: string;
  json?: boolean;
  since?: string;
  user?: string;
  connection?: string;
  connector?: string;
  health?: string;
  from?: string;
  map?: string;
  to?: string;
  "dry-run"?: boolean;
  verify?: boolean;
  follow?: boolean;
  id?: string;
};

interface Command {
  /** The name of the argument after the command's own words. Default: none. */
  subject?: string;
  isSubjectOptional?: boolean;
  options?: readonly (keyof Options)[];
  run(subject: string, options: Options, launch: Launch): Promise<void> | void;
}

/** How the command line was started. */
export interface Launch {
  /** The file that runs it, with which workers are started. */
  file: string;
  /** Loads what runs without a configuration file: a clone has a demo, an installed package has none. */
  loadDemo?: () => Promise<StartDemo>;
}

/** Loads the commands other than `start`. */
const load = () => import("./commands/index.ts");

const commands = new Map<string, Command>([
  ["start", { options: ["workers"], run: (_subject, { workers }, launch) => start(launch, workers) }],
  // Only the primary process starts it.
  ["worker", { subject: "number", run: startWorker }],
  ["connectors list", { options: ["json"], run: async (_subject, options) => (await load()).listKnownProviders(options) }],
  [
    "connectors check",
    {
      subject: "slug",
      isSubjectOptional: true,
      options: ["json"],
      run: async (slug, options) => (await load()).checkConnectors(slug, options),
    },
  ],
  [
    "connectors add",
    { subject: "provider", options: ["as"], run: async (provider, options) => (await load()).addConnector(provider, options) },
  ],
  [
    "connections list",
    {
      options: ["connector", "health", "user", "group", "since", "json"],
      async run(_subject, options) {
        const { listConnections, withConnectors } = await load();
        await withConnectors((services, config) => listConnections(services, config, options));
      },
    },
  ],
  ...(["show", "disconnect", "refresh", "disable", "enable"] as const).map((action): [string, Command] => [
    `connections ${action}`,
    {
      subject: "connection_id",
      options: ["json"],
      run: async (id, options) => (await load()).runConnectionAction(action, id, options),
    },
  ]),
  [
    "users token",
    {
      subject: "user_id",
      options: ["group", "name"],
      async run(id, options) {
        const { printUserToken, withServices } = await load();
        await withServices((services, config) => printUserToken(services, config, id, options), { mayCreateStore: true });
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
  ["users erase", { subject: "user_id", options: ["json"], run: async (id, options) => (await load()).eraseUser(id, options) }],
  ["users export", { subject: "user_id", run: async (id) => (await load()).exportUser(id) }],
  [
    "keys create",
    {
      options: ["name", "json"],
      async run(_subject, options) {
        const { createApiKey, withServices } = await load();
        await withServices((services) => createApiKey(services, options), { mayCreateStore: true });
      },
    },
  ],
  [
    "keys list",
    {
      options: ["json"],
      async run(_subject, options) {
        const { listApiKeys, withServices } = await load();
        await withServices((services) => listApiKeys(services, options));
      },
    },
  ],
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
  ["keys status", { options: ["json"], run: async (_subject, options) => (await load()).printKeyStatus(options) }],
  ["keys reseal", { run: async () => load().then(({ resealStore, withServices }) => withServices(resealStore)) }],
  ["keys rotate", { run: async () => load().then(({ rotateSigningKey, withServices }) => withServices(rotateSigningKey)) }],
  [
    "audit",
    {
      options: ["since", "user", "connection", "json", "follow"],
      async run(_subject, options) {
        const { printAudit, withServices } = await load();
        await withServices((services) => printAudit(services, options));
      },
    },
  ],
  ["audit verify", { run: async () => load().then(({ verifyAuditChains, withServices }) => withServices(verifyAuditChains)) }],
  ["webhooks list", { options: ["json"], run: async (_subject, options) => (await load()).listWebhooks(options) }],
  ["webhooks test", { subject: "name", run: async (name) => (await load()).testWebhook(name) }],
  ["webhooks dead", { subject: "name", options: ["json"], run: async (name, options) => (await load()).listDeadEvents(name, options) }],
  [
    "webhooks replay",
    { subject: "name", options: ["id", "since"], run: async (name, options) => (await load()).replayEvents(name, options) },
  ],
  ["doctor", { options: ["json"], run: async (_subject, options) => (await load()).runDoctor(options) }],
  [
    "import",
    {
      subject: "file",
      options: ["from", "map", "dry-run", "verify", "json"],
      run: async (file, options) => (await load()).importFile(file, options),
    },
  ],
  [
    "export",
    {
      subject: "file",
      isSubjectOptional: true,
      options: ["to"],
      run: async (file, options) => (await load()).exportConnections(file, options),
    },
  ],
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

async function run(argv: string[], launch: Launch): Promise<void> {
  const { help, version, words } = readWords(argv);
  if (version) return console.log(readVersion(launch.file));
  if (help) return console.log(usageOf(words[0]) ?? USAGE);
  const group = words.length === 1 && !commands.has(words[0] ?? "") ? usageOf(words[0]) : null;
  if (group !== null) return console.log(group);
  const { command, subject, options } = findCommand(argv);
  await command.run(subject, options, launch);
}

function readWords(argv: string[]) {
  const { values, positionals: words } = parse(argv);
  const { help, version, ...options } = values;
  return { help, version, options, words };
}

/** The named command, with its argument and options. Throws `UsageError`. */
export function findCommand(argv: string[]): { command: Command; subject: string; options: Options } {
  const { options, words } = readWords(argv);
  const isOneWord = commands.has(words[0] ?? "start") && !commands.has(words.slice(0, 2).join(" "));
  const length = isOneWord ? 1 : 2;
  const name = words.slice(0, length).join(" ") || "start";
  const command = commands.get(name);
  if (!command) throw new UsageError(describeUnknown(words, publicNames()));
  const [subject, ...more] = words.slice(length);
  if (command.subject && !command.isSubjectOptional && subject === undefined) throw new UsageError(`${name} needs <${command.subject}>.`);
  const surplus = command.subject ? more : words.slice(length);
  if (surplus.length > 0) throw new UsageError(`Too many arguments: ${surplus.join(" ")}`);
  const stray = Object.keys(options).find((option) => !command.options?.some((known) => known === option));
  if (stray) throw new UsageError(`${name} does not accept --${stray}.`);
  return { command, subject: subject ?? "", options };
}

/** Commands and groups. */
const publicNames = (): string[] =>
  [...commands.keys()].filter((name) => name !== "worker").flatMap((name) => [name, name.split(" ")[0] ?? ""]);

async function start({ file: command, loadDemo }: Launch, workers?: string): Promise<void> {
  limitHeap();
  keepBytecode();
  surviveClosedOutput();
  const file = readConfigFile();
  const config = parseConfig(workers === undefined ? process.env : { ...process.env, XKIT_WORKERS: parseWorkers(workers) }, file);
  warnOfUnknownVariables(file, createLog(config.logLevel));
  const isDemo = runsDemo(config, file);
  if (isDemo && !loadDemo) throw new NoConfigFileError();
  if (config.workers === 1) return (await import("./main.ts")).main(config, isDemo && loadDemo ? await loadDemo() : null);
  await (await import("./workers/primary.ts")).runPrimary(config, file, command);
}

function parseWorkers(text: string): string {
  const count = Number(text);
  if (/^\d{1,3}$/.test(text) && count >= 1 && count <= MAXIMUM_WORKERS) return text;
  throw new UsageError(`--workers must be a whole number from 1 to ${MAXIMUM_WORKERS}.`);
}

async function startWorker(number: string): Promise<void> {
  if (!process.send) throw new UsageError("The gateway starts its workers itself: run xkit-gateway start --workers <number>.");
  limitHeap();
  keepBytecode();
  surviveClosedOutput();
  await (await import("./workers/worker.ts")).runWorker(Number(number), process.send.bind(process));
}

/** A closed standard output must not end the process. */
function surviveClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

function parse(argv: string[]) {
  try {
    const options = {
      as: { type: "string" },
      group: { type: "string" },
      id: { type: "string" },
      name: { type: "string" },
      "taken-at": { type: "string" },
      workers: { type: "string" },
      json: { type: "boolean" },
      since: { type: "string" },
      user: { type: "string" },
      connection: { type: "string" },
      connector: { type: "string" },
      health: { type: "string" },
      from: { type: "string" },
      map: { type: "string" },
      to: { type: "string" },
      "dry-run": { type: "boolean" },
      verify: { type: "boolean" },
      follow: { type: "boolean" },
      help: { type: "boolean", short: "h" },
      version: { type: "boolean" },
    } as const;
    return parseArgs({ args: argv, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function describeFailure(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\nAll commands: xkit-gateway --help`;
  return error instanceof CommandError ? error.message : explainFailure(error);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof WorkersError) return error.exitCode;
  return [UsageError, ConfigError, NoConfigFileError].some((type) => error instanceof type) ? 2 : 1;
}

/**
 * Runs a command. Prints a failure, and sets the exit code.
 * @param argv The arguments after the program's name.
 */
export async function runCommandLine(argv: string[], launch: Launch): Promise<void> {
  try {
    await run(argv, launch);
  } catch (error) {
    console.error(describeFailure(error));
    process.exitCode = exitCodeOf(error);
  }
}
