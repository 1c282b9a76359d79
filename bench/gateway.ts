import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSealingKey } from "../gateway/store/sealing.ts";
import { type Credentials, type Fill, fillStore } from "./fill.ts";
import { SERVER_CORE } from "./machine.ts";
import { findFreePort, listening, type PinnedProcess, startPinned } from "./process.ts";

export const COMMAND = "dist/gateway/cli.js";
/** The connector that every user of the bench has connected. */
export const CONNECTOR = "bench";
/** Longer than a run takes. */
export const LONG_LIFE_SECONDS = 36_000;

export interface GatewayOptions {
  /** Default: one user with one connection whose token is fresh. */
  fill?: Fill;
  /** Default: `SERVER_CORE`. */
  core?: number;
  /** Default: info, as in production. Lines go to a file. */
  log?: "info" | "silent";
  /** Default: a SQLite file of its own. */
  databaseUrl?: string;
  /** Where its provider is; default nowhere, as nothing is refreshed. */
  providerUrl?: string;
  /** Connectors in the configuration. Default 1. */
  connectors?: number;
  /** Further words of `start`. */
  words?: readonly string[];
  env?: Record<string, string>;
  /** Called when the process is started, once its store is filled. */
  onStart?: () => void;
}

/** The gateway as it is run: the built command in production, on one core, with all that is on by default. */
export interface BenchGateway extends PinnedProcess, Credentials {
  port: number;
  url: string;
  /** What a command prints for these words, over its store. */
  run(...words: string[]): string;
  /** What its SQLite store takes on the disk. */
  storeBytes(): number;
}

const NO_PROVIDER = "http://127.0.0.1:9";

export async function startGateway(options: GatewayOptions = {}): Promise<BenchGateway> {
  const directory = mkdtempSync(join(tmpdir(), "xkit-bench-"));
  const port = await findFreePort();
  const isFront = options.env?.["XKIT_UPSTREAM"] !== undefined;
  const config = { platform: { name: "Bench" }, ...(!isFront && { connectors: connectorsOf(options) }) };
  const path = join(directory, "xkit.config.json");
  writeFileSync(path, JSON.stringify(config));
  const file = join(directory, "xkit.db");
  const env = {
    ...process.env,
    NODE_ENV: "production",
    PORT: String(port),
    XKIT_PUBLIC_URL: `http://localhost:${port}`,
    XKIT_CONFIG: path,
    XKIT_ENCRYPTION_KEYS: createSealingKey("bench"),
    XKIT_DRAIN_SECONDS: "0",
    DATABASE_URL: options.databaseUrl ?? `file:${file}`,
    LOG_LEVEL: options.log ?? "info",
    ...options.env,
  };
  const fill = options.fill ?? { users: 1, lifetimeSeconds: LONG_LIFE_SECONDS };
  const credentials = isFront ? { bearer: "", key: { publishable: "", secret: "" } } : await fillStore(env, config, fill);
  const log = openSync(join(directory, "log"), "a");
  const words = [COMMAND, "start", ...(options.words ?? [])];
  options.onStart?.();
  const pinned = startPinned({ core: options.core ?? SERVER_CORE, words, env, output: log });
  closeSync(log);
  await listening(pinned, port);
  return {
    ...pinned,
    ...credentials,
    port,
    url: `http://localhost:${port}`,
    run: (...words) => execFileSync(process.execPath, [COMMAND, ...words], { env, encoding: "utf8" }).trim(),
    storeBytes: () => [file, `${file}-wal`].reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0),
    async stop() {
      await pinned.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A gateway before another one, whose users it relays. */
export const startFront = (upstreamUrl: string): Promise<BenchGateway> =>
  startGateway({ env: { XKIT_UPSTREAM: "xkit", XKIT_UPSTREAM_URL: upstreamUrl } });

export function connectorsOf({ connectors = 1, providerUrl = NO_PROVIDER, fill }: GatewayOptions): object[] {
  const provider = {
    authorization_endpoint: `${providerUrl}/authorize`,
    token_endpoint: `${providerUrl}/token`,
    userinfo: [{ url: `${providerUrl}/userinfo` }],
    account: { id: "userinfo:sub" },
    refresh: { kills_old_token: false },
  };
  return Array.from({ length: connectors }, (_, index) => ({
    slug: index === 0 ? CONNECTOR : `${CONNECTOR}-${index}`,
    name: `Bench ${index}`,
    provider,
    client_id: "a-client",
    client_secret: "a-secret-of-the-bench",
    scopes: ["read"],
    supports_multiple_connections: (fill?.connectionsPerUser ?? 1) > 1,
  }));
}
