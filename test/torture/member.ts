import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import { type GatewayProcess, startProcess } from "../support/process.ts";
import type { History } from "./history.ts";
import type { Ledger } from "./ledger.ts";

const SKEW_CLOCK = new URL("./skew-clock.mjs", import.meta.url);
const READY_POLL_MS = 100;
const READY_WITHIN_MS = 45_000;
/** A stop drains for up to this long. */
const STOPPED_WITHIN_MS = 30_000;

/** One of the gateways, through all its starts. Requests go to it while it is up. */
export interface Member {
  index: number;
  url: string;
  state: "down" | "up" | "draining";
  gateway: GatewayProcess | null;
  starting: Promise<void> | null;
  /** Its end was ordered. */
  isExpectedToEnd: boolean;
  /** Of a user, for the socket that is held open at it. */
  bearer: string | null;
  socket: WebSocket | null;
}

/** What a member is started with. */
export interface Launch {
  cli: string;
  environment: Record<string, string>;
  directory: string;
  history: History;
  ledger: Ledger;
}

export const createMember = (index: number, port: number): Member => ({
  index,
  url: `http://127.0.0.1:${port}`,
  state: "down",
  gateway: null,
  starting: null,
  isExpectedToEnd: false,
  bearer: null,
  socket: null,
});

/** Resolves when it is ready. Joins a start that is under way. */
export function start(member: Member, launch: Launch): Promise<void> {
  return (member.starting ??= startOnce(member, launch).finally(() => (member.starting = null)));
}

async function startOnce(member: Member, launch: Launch): Promise<void> {
  const { cli, environment, directory, history, ledger } = launch;
  for (;;) {
    const startedAtMs = Date.now();
    const env = { ...environment, PORT: new URL(member.url).port };
    const gateway = startProcess(["start"], env, directory, { cli, preload: [SKEW_CLOCK] });
    Object.assign(member, { gateway, isExpectedToEnd: false });
    ledger.countStart();
    if (await isReady(member.url, gateway)) {
      member.state = "up";
      openSocket(member);
      void watch(member, gateway, launch);
      return;
    }
    ledger.readLog(member.index, gateway.stdout() + gateway.stderr());
    // A store that is away is a reason not to start; a supervisor tries again.
    if (history.find(member.index, ["store in trouble"], startedAtMs, Date.now()).length === 0)
      ledger.countUnhandledExit(member.index, `it did not start: ${lastLines(gateway)}`);
    await endNow(gateway);
  }
}

/** Starts it again when it ends unasked. */
async function watch(member: Member, gateway: GatewayProcess, launch: Launch): Promise<void> {
  const code = await gateway.ended;
  const { index } = member;
  launch.ledger.readLog(index, gateway.stdout() + gateway.stderr());
  if (member.isExpectedToEnd) return;
  member.state = "down";
  launch.ledger.countUnhandledExit(index, `it ended with ${String(code)}: ${lastLines(gateway)}`);
  await start(member, launch);
}

/** SIGTERM must end it with 0. Answers false, and does nothing, where it is not up: it is being ended or started already. */
export async function end(member: Member, signal: "SIGKILL" | "SIGTERM", { history, ledger }: Launch): Promise<boolean> {
  const { gateway, index } = member;
  if (!gateway || member.state !== "up") return false;
  Object.assign(member, { state: signal === "SIGKILL" ? "down" : "draining", isExpectedToEnd: true });
  const done = history.begin(signal === "SIGKILL" ? "killed" : "stopped", index);
  gateway.child.kill(signal);
  const code = await Promise.race([gateway.ended, delay(STOPPED_WITHIN_MS, "no end" as const, { ref: false })]);
  done();
  if (signal === "SIGTERM" && code !== 0) ledger.countUnhandledExit(index, `SIGTERM ended it with ${String(code)}: ${lastLines(gateway)}`);
  if (code === "no end") await endNow(gateway);
  member.state = "down";
  return true;
}

export async function pause({ gateway, state, index }: Member, forMs: number, { history }: Launch): Promise<void> {
  if (!gateway || state !== "up") return;
  const done = history.begin("paused", index);
  gateway.child.kill("SIGSTOP");
  await delay(forMs);
  gateway.child.kill("SIGCONT");
  done();
}

/** Holds a socket of xkit.js open, where there is a bearer. */
export function openSocket(member: Member): void {
  if (member.bearer === null || member.state !== "up") return;
  member.socket?.terminate();
  member.socket = new WebSocket(`${member.url.replace("http", "ws")}/socket/websocket?vsn=2.0.0&token=${member.bearer}`);
  member.socket.on("error", () => {});
}

/** Kills it. */
export async function abandon(member: Member): Promise<void> {
  member.isExpectedToEnd = true;
  member.socket?.terminate();
  if (member.gateway) await endNow(member.gateway);
}

async function isReady(url: string, { child }: GatewayProcess): Promise<boolean> {
  const giveUpAt = Date.now() + READY_WITHIN_MS;
  while (child.exitCode === null && child.signalCode === null && Date.now() < giveUpAt) {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(READY_WITHIN_MS) }).catch(() => null);
    await response?.text();
    if (response?.ok) return true;
    await delay(READY_POLL_MS);
  }
  return false;
}

async function endNow({ child, ended }: GatewayProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  await ended;
}

const lastLines = ({ stderr, stdout }: GatewayProcess): string => (stderr() || stdout()).trim().slice(-400).replaceAll(/\s+/g, " ");
