#!/usr/bin/env node
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { z } from "zod";
import type { ApiKey } from "./auth/api-keys.ts";
import { externalIdSchema, nameSchema } from "../schema/input.ts";
import { systemClock } from "./runtime/clock.ts";
import { type Config, ConfigError, parseConfig, parseDatabaseUrl } from "./config/config.ts";
import { createLog } from "./runtime/log.ts";
import { readConfigFile, withoutConnectors } from "./config/file.ts";
import { explainFailure } from "./config/explain-error.ts";
import { listAllKeyUses, openSealedDatabase, openServices, type Services } from "./services.ts";
import { isEmbedded } from "./config/upstream.ts";
import { reseal } from "./store/reseal.ts";
import { createSealingKey } from "./store/sealing.ts";

/** Of the random part of a key's id. */
const KEY_ID_BYTES = 4;

const USAGE = `xkit-gateway: live third-party access tokens for your users

  xkit-gateway [start]                      run the gateway
  xkit-gateway users token <external_id>    print a user token, making the user known first
      [--group <id>] [--name <name>]
  xkit-gateway users revoke <external_id>   end all tokens and sessions that the user has until now
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

/** Misuse of the command line. */
class UsageError extends Error {
  override readonly name = "UsageError";
}

type Options = { name?: string; group?: string; "taken-at"?: string };

interface Command {
  /** What follows the command's own words; none unless stated. */
  subject?: string;
  isSubjectOptional?: boolean;
  options?: readonly (keyof Options)[];
  run(subject: string, options: Options): Promise<void> | void;
}

const commands = new Map<string, Command>([
  ["start", { run: start }],
  [
    "users token",
    {
      subject: "external_id",
      options: ["group", "name"],
      run: (id, options) => withServices((services, config) => printUserToken(services, config, id, options)),
    },
  ],
  ["users revoke", { subject: "external_id", run: (id) => withServices((services, config) => revokeUser(services, config, id)) }],
  ["keys create", { options: ["name"], run: (_subject, { name }) => withServices((services) => createKey(services, name)) }],
  ["keys list", { run: () => withServices(listKeys) }],
  ["keys revoke", { subject: "publishable", run: (id) => withServices((services) => revokeKey(services, id)) }],
  ["keys seal", { run: () => console.log(createSealingKey(newKeyId())) }],
  ["keys status", { run: printKeyStatus }],
  ["keys reseal", { run: () => withServices(resealStore) }],
  ["keys rotate", { run: () => withServices(rotateKeys) }],
  ["backup", { subject: "path", run: makeBackup }],
  ["restore", { subject: "backup", isSubjectOptional: true, options: ["taken-at"], run: restoreBackup }],
]);

async function run(argv: string[]): Promise<void> {
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
  await command.run(subject ?? "", options);
}

/**
 * V8 is told to collect rather than to grow: its young generation keeps the size it starts with, and the old one is collected once it
 * has grown by two fifths. A third less memory at nearly the same throughput (bench/token.ts).
 */
const HEAP_FLAGS = ["--semi-space-growth-factor=1", "--heap-growing-percent=40"];

async function start(): Promise<void> {
  HEAP_FLAGS.forEach((flag) => setFlagsFromString(flag));
  await (await import("./main.ts")).main();
}

function parse(argv: string[]) {
  try {
    const options = {
      group: { type: "string" },
      name: { type: "string" },
      "taken-at": { type: "string" },
      help: { type: "boolean", short: "h" },
    } as const;
    return parseArgs({ args: argv, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function withServices(action: (services: Services, config: Config) => Promise<void>): Promise<void> {
  const config = parseConfig(process.env, withoutConnectors(readConfigFile()));
  const services = await openServices(config, systemClock, createLog("silent"));
  try {
    await action(services, config);
  } finally {
    await services.close();
  }
}

async function printUserToken({ auth }: Services, { upstream }: Config, externalId: string, { group, name }: Options): Promise<void> {
  if (!isEmbedded(upstream)) throw new UsageError("Users of this gateway are those of its upstream: make the token there.");
  const id = require(externalIdSchema.safeParse(externalId), "external_id");
  const { token } = await auth.provisionUser({
    id,
    ...(group !== undefined && { groupId: require(externalIdSchema.safeParse(group), "--group") }),
    ...(name !== undefined && { name: require(nameSchema.safeParse(name), "--name") }),
  });
  console.log(token);
}

async function revokeUser({ auth }: Services, { upstream }: Config, externalId: string): Promise<void> {
  if (!isEmbedded(upstream)) throw new UsageError("Users of this gateway are those of its upstream: revoke their tokens there.");
  const id = require(externalIdSchema.safeParse(externalId), "external_id");
  if (!(await auth.users.revoke(id))) throw new UsageError("There is no such user.");
  console.log("Signed out everywhere. Connections stay.");
}

function require(
  result: { success: true; data: string } | { success: false; error: { issues: { message: string }[] } },
  name: string,
): string {
  if (result.success) return result.data;
  throw new UsageError(`${name} ${result.error.issues[0]?.message ?? "is not valid"}.`);
}

async function createKey({ auth }: Services, name: string | undefined): Promise<void> {
  const { id, secret } = await auth.apiKeys.create(name === undefined ? null : require(nameSchema.safeParse(name), "--name"));
  console.log(`publishable ${id}\nsecret      ${secret}\n\nThe secret is shown this once. A server sends both as Authorization: Basic.`);
}

async function listKeys({ auth }: Services): Promise<void> {
  for (const key of await auth.apiKeys.list())
    console.log([key.id, key.name ?? "-", `created ${key.createdAt.toISOString()}`, stateOfApiKey(key)].join("  "));
}

function stateOfApiKey({ isGenuine, revokedAt, lastUsedAt }: ApiKey): string {
  if (!isGenuine) return "refused: its row was not written by a gateway";
  return revokedAt ? `revoked ${revokedAt.toISOString()}` : `last used ${lastUsedAt?.toISOString() ?? "never"}`;
}

async function revokeKey({ auth }: Services, publishable: string): Promise<void> {
  if (!(await auth.apiKeys.revoke(publishable))) throw new UsageError("There is no such publishable key, or it is revoked already.");
  console.log("Revoked, in every process.");
}

async function rotateKeys({ auth }: Services): Promise<void> {
  await auth.signingKeys.rotate();
  console.log("New session tokens are signed with a new key.");
}

/** Two keys that are made on one day have two ids. */
const newKeyId = (): string => `key-${new Date().toISOString().slice(0, 10)}-${randomBytes(KEY_ID_BYTES).toString("hex")}`;

/** Works also when a key is missing, and says which. */
async function printKeyStatus(): Promise<void> {
  const config = parseConfig(process.env, withoutConnectors(readConfigFile()));
  const { database, sealer } = await openSealedDatabase(config, systemClock, createLog("silent"));
  try {
    const uses = new Map((await listAllKeyUses(database, config)).map((use) => [use.keyId, use]));
    for (const id of new Set([...sealer.keyIds, ...uses.keys()])) {
      const { values, columns } = uses.get(id) ?? { values: 0, columns: [] };
      const details = columns.map((column) => `${column.name} ${column.values}`).join(", ");
      console.log([id, stateOf(id, sealer.keyIds, values), `${values} values`, ...(details ? [details] : [])].join("  "));
    }
  } finally {
    await database.close();
  }
}

function stateOf(id: string, ring: readonly string[], values: number): string {
  if (!ring.includes(id)) return "missing in XKIT_ENCRYPTION_KEYS";
  if (id === ring[0]) return "seals";
  return values > 0 ? "opens" : "opens, can be removed";
}

async function resealStore({ database, sealer, macs }: Services): Promise<void> {
  const { count, remaining } = await reseal({
    database,
    sealer,
    macs,
    onProgress: (done, total) => console.error(`${done} of ${total}`),
    onUnopened: (row, why) => console.error(`${row} stays as it is. ${why}`),
  });
  console.log(`${count} values of the store are made with ${sealer.keyIds[0]} now.`);
  if (remaining === 0) return;
  console.error(
    `${remaining} are still made with another key. Where gateways run with another key first, change that; then run this again.`,
  );
  process.exitCode = 1;
}

async function makeBackup(path: string): Promise<void> {
  // A driver of SQLite, which other commands may have no use for.
  const { backUp } = await import("./store/backup.ts");
  const takenAt = await backUp(parseDatabaseUrl(process.env), path, systemClock);
  console.log(
    `${path} holds the store as of ${takenAt.toISOString()}. It opens with this store's sealing keys alone: keep those elsewhere.`,
  );
}

async function restoreBackup(path: string, { "taken-at": instant }: Options): Promise<void> {
  const { restore } = await import("./store/restore.ts");
  const { takenAt, previous } = await restore(parseDatabaseUrl(process.env), path || null, parseInstant(instant), systemClock);
  console.log(`The store is the backup of ${takenAt.toISOString()}.${previous ? ` What was there before is ${previous}.` : ""}`);
}

const instantSchema = z.iso.datetime({ offset: true });

function parseInstant(text: string | undefined): Date | null {
  if (text === undefined) return null;
  if (!instantSchema.safeParse(text).success) throw new UsageError("--taken-at must be an instant like 2026-11-25T12:00:00Z.");
  return new Date(text);
}

run(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof UsageError ? `${error.message}\nAll commands: xkit-gateway --help` : explainFailure(error));
  process.exitCode = error instanceof UsageError || error instanceof ConfigError ? 2 : 1;
});
