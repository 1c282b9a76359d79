import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findFreePort } from "../support/postgres-server.ts";
import { startProcess } from "../support/process.ts";
import type { History } from "./history.ts";
import type { Ledger } from "./ledger.ts";
import { abandon, createMember, end, type Launch, type Member, openSocket, pause, start } from "./member.ts";
import { type Plan, PROVIDER_TIMEOUT_MS, SLUG } from "./plan.ts";
import type { TorturedStore } from "./store.ts";

export interface FleetOptions {
  plan: Plan;
  store: TorturedStore;
  providerFacts(process: number): Record<string, unknown>;
  sealingKey: string;
  directory: string;
  /** The command line's file. */
  cli: string;
  history: History;
  ledger: Ledger;
}

/** Real gateway processes over one store. Those that end unasked are counted, and started again. */
export interface Fleet {
  members: readonly Member[];
  /** Under which all of them are reached by browsers. */
  publicUrl: string;
  start(index: number, options?: { isSkewed?: boolean }): Promise<void>;
  /** SIGKILL, then a new start. */
  kill(index: number): Promise<void>;
  /** SIGTERM, then a new start. */
  restart(index: number): Promise<void>;
  stop(index: number): Promise<void>;
  pause(index: number, forMs: number): Promise<void>;
  /** Runs the command line beside the gateways. Answers what it printed. */
  command(args: readonly string[]): Promise<string>;
  /** Holds a socket of xkit.js open at each gateway from now on. */
  openSockets(bearer: string): void;
  /** Ends all that still runs. */
  close(): Promise<void>;
}

export async function createFleet(options: FleetOptions): Promise<Fleet> {
  const { plan, store, cli, history, ledger } = options;
  const ports = await Promise.all(Array.from({ length: plan.processes }, findFreePort));
  const members = ports.map((port, index) => createMember(index, port));
  const publicUrl = `http://localhost:${ports[0]}`;
  const at = (index: number): Member => {
    const member = members[index];
    if (!member) throw new TypeError(`There is no process ${index}.`);
    return member;
  };
  const launchOf = (index: number, isSkewed = true): Launch => {
    const skewMs = isSkewed ? (plan.clockSkewsMs[index] ?? 0) : 0;
    const environment = { ...environmentOf(options, publicUrl, store.urlFor(index)), TORTURE_CLOCK_SKEW_MS: String(skewMs) };
    return { cli, environment, directory: folderOf(options, `process-${index}`, index), history, ledger };
  };
  const endAndStart = async (index: number, signal: "SIGKILL" | "SIGTERM") => {
    if (await end(at(index), signal, launchOf(index))) await start(at(index), launchOf(index));
  };

  return {
    members,
    publicUrl,
    start: (index, { isSkewed = true } = {}) => start(at(index), launchOf(index, isSkewed)),
    kill: (index) => endAndStart(index, "SIGKILL"),
    restart: (index) => endAndStart(index, "SIGTERM"),
    stop: async (index) => void (await end(at(index), "SIGTERM", launchOf(index))),
    pause: (index, forMs) => pause(at(index), forMs, launchOf(index)),
    async command(args) {
      const environment = environmentOf(options, publicUrl, store.directUrl);
      const { ended, stdout, stderr } = startProcess(args, environment, folderOf(options, "command", 0), { cli });
      const code = await ended;
      if (code !== 0) throw new Error(`${args.join(" ")} ended with ${String(code)}: ${stderr()}`);
      return stdout();
    },
    openSockets(bearer) {
      for (const member of members) {
        member.bearer = bearer;
        openSocket(member);
      }
    },
    close: async () => void (await Promise.all(members.map(abandon))),
  };
}

const environmentOf = ({ sealingKey }: FleetOptions, publicUrl: string, databaseUrl: string): Record<string, string> => ({
  XKIT_PUBLIC_URL: publicUrl,
  XKIT_ENCRYPTION_KEYS: sealingKey,
  XKIT_PROVIDER_TIMEOUT_MS: String(PROVIDER_TIMEOUT_MS),
  LOG_LEVEL: "warn",
  XKIT_DRAIN_SECONDS: "1",
  DATABASE_URL: databaseUrl,
});

function folderOf({ directory, providerFacts }: FleetOptions, name: string, process: number): string {
  const folder = join(directory, name);
  const connector = { slug: SLUG, name: "Test", client_id: "torture", client_secret: "torture-secret", scopes: ["read"] };
  mkdirSync(folder, { recursive: true });
  const config = { platform: { name: "Acme" }, connectors: [{ ...connector, provider: providerFacts(process) }] };
  writeFileSync(join(folder, "xkit.config.json"), JSON.stringify(config));
  return folder;
}
