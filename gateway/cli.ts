#!/usr/bin/env node
import { parseArgs } from "node:util";
import { externalIdSchema, nameSchema } from "../schema/input.ts";
import { systemClock } from "./clock.ts";
import { ConfigError, parseConfig } from "./config.ts";
import { createLog } from "./log.ts";
import { explainFailure, main, readConfigFile } from "./main.ts";
import { openStore, type Store } from "./store.ts";
import { createSealingKey } from "./vault/seal.ts";

const USAGE = `xkit-gateway: live third-party access tokens for your users

  xkit-gateway [start]                      run the gateway
  xkit-gateway users token <external_id>    print a user token, making the user known first
      [--group <id>] [--name <name>]
  xkit-gateway keys create [--name <name>]  print a new pair of API keys; the secret is shown once
  xkit-gateway keys list
  xkit-gateway keys revoke <publishable>
  xkit-gateway keys seal                    print a new key for XKIT_ENCRYPTION_KEYS
  xkit-gateway keys rotate                  sign new session tokens with a new key

Environment and configuration file are those of the gateway itself.`;

/** Misuse of the command line. */
class UsageError extends Error {
  override readonly name = "UsageError";
}

async function run(argv: string[]): Promise<void> {
  const { values, positionals } = parse(argv);
  const [command = "start", action = "", subject = "", ...rest] = positionals;
  if (values.help) return console.log(USAGE);
  if (rest.length > 0) throw new UsageError(`Too many arguments: ${rest.join(" ")}`);
  switch (`${command} ${action}`.trim()) {
    case "start":
      return main();
    case "users token":
      return withStore((store) => printUserToken(store, subject, values));
    case "keys create":
      return withStore((store) => createKey(store, values.name ?? null));
    case "keys list":
      return withStore(listKeys);
    case "keys revoke":
      return withStore((store) => revokeKey(store, subject));
    case "keys seal":
      return console.log(createSealingKey(`key-${new Date().toISOString().slice(0, 10)}`));
    case "keys rotate":
      return withStore(({ auth }) => auth.signingKeys.rotate().then(() => console.log("New session tokens are signed with a new key.")));
    default:
      throw new UsageError(`There is no command "${positionals.join(" ")}".`);
  }
}

function parse(argv: string[]) {
  try {
    const options = { group: { type: "string" }, name: { type: "string" }, help: { type: "boolean", short: "h" } } as const;
    return parseArgs({ args: argv, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function withStore(action: (store: Store) => Promise<void>): Promise<void> {
  const config = parseConfig(process.env, readConfigFile());
  const store = await openStore(config, systemClock, createLog("silent"));
  try {
    await action(store);
  } finally {
    await store.close();
  }
}

async function printUserToken({ auth }: Store, externalId: string, { group, name }: { group?: string; name?: string }): Promise<void> {
  const id = require(externalIdSchema.safeParse(externalId), "external_id");
  const { token } = await auth.provisionUser({
    id,
    ...(group !== undefined && { groupId: require(externalIdSchema.safeParse(group), "--group") }),
    ...(name !== undefined && { name: require(nameSchema.safeParse(name), "--name") }),
  });
  console.log(token);
}

function require(
  result: { success: true; data: string } | { success: false; error: { issues: { message: string }[] } },
  name: string,
): string {
  if (result.success) return result.data;
  throw new UsageError(`${name} ${result.error.issues[0]?.message ?? "is not valid"}.`);
}

async function createKey({ auth }: Store, name: string | null): Promise<void> {
  const { id, secret } = await auth.apiKeys.create(name);
  console.log(`publishable ${id}\nsecret      ${secret}\n\nThe secret is shown this once. A server sends both as Authorization: Basic.`);
}

async function listKeys({ auth }: Store): Promise<void> {
  for (const { id, name, createdAt, lastUsedAt, revokedAt } of await auth.apiKeys.list()) {
    const state = revokedAt ? `revoked ${revokedAt.toISOString()}` : `last used ${lastUsedAt?.toISOString() ?? "never"}`;
    console.log([id, name ?? "-", `created ${createdAt.toISOString()}`, state].join("  "));
  }
}

async function revokeKey({ auth }: Store, publishable: string): Promise<void> {
  if (!(await auth.apiKeys.revoke(publishable))) throw new UsageError("There is no such publishable key, or it is revoked already.");
  console.log("Revoked, in every process.");
}

run(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof UsageError ? `${error.message}\n\n${USAGE}` : explainFailure(error));
  process.exitCode = error instanceof UsageError || error instanceof ConfigError ? 2 : 1;
});
