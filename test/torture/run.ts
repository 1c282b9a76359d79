import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Answer, askToken, type Credentials } from "./asking.ts";
import { connectAll } from "./connecting.ts";
import { expireAll } from "./expire.ts";
import { createFleet, type Fleet } from "./fleet.ts";
import { createHistory } from "./history.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import type { Plan, PlannedEvent } from "./plan.ts";
import { startHostileProvider } from "./provider.ts";
import { startReaders } from "./readers.ts";
import { createReport, type Report } from "./report.ts";
import { openTorturedStore, type TorturedStore } from "./store.ts";
import type { Truth } from "./truth.ts";

/** After all faults, each connection has so long to give a token. Longer than a lease and the wait before it is taken over. */
const RECOVERED_WITHIN_MS = 20_000;
const RECOVERY_POLL_MS = 500;

export interface TortureOptions {
  /** The command line's file, as `buildGateway` makes it. */
  cli: string;
  /** Called with each step. */
  say?: (step: string) => void;
}

/** Runs one plan: real gateways over a real store before a hostile provider, and readers that check every answer. */
export async function torture(plan: Plan, { cli, say = () => {} }: TortureOptions): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), "xkit-torture-"));
  const history = createHistory();
  const provider = await startHostileProvider(plan);
  const store = await openTorturedStore(plan.store, plan.processes, history);
  let startedAtMs = Date.now();
  const ledger = createLedger(provider.truth, history, () => startedAtMs);
  const sealingKey = `torture:${randomBytes(32).toString("base64")}`;
  const fleet = await createFleet({ plan, store, providerFacts: provider.factsFor, sealingKey, directory, cli, history, ledger });
  try {
    say("starting");
    for (const { index } of fleet.members) await fleet.start(index);
    const askers = await connectAll(fleet, plan.connections);
    const [first] = askers;
    if (first && plan.kinds.includes("commit")) fleet.openSockets(first.bearer);
    say("torturing");
    startedAtMs = Date.now();
    provider.setHostile(true);
    const readers = startReaders({ seed: plan.seed, members: fleet.members, askers, history, ledger });
    await Promise.all(plan.events.map((event) => play(event, { fleet, store, truth: provider.truth, say })));
    await delay(Math.max(0, startedAtMs + plan.seconds * 1000 - Date.now()));
    provider.setHostile(false);
    say("healing");
    await readers.stop();
    await Promise.all(fleet.members.map(({ index }) => fleet.stop(index)));
    await expireAll(store.directUrl, sealingKey);
    await examine(fleet, askers, ledger);
    return createReport(plan, ledger, provider);
  } finally {
    await fleet.close();
    await Promise.all([store.close(), provider.close()]);
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Stage {
  fleet: Fleet;
  store: TorturedStore;
  truth: Truth;
  say: (step: string) => void;
}

async function play(event: PlannedEvent, { fleet, store, truth, say }: Stage): Promise<void> {
  const { atMs, kind, target, forMs } = event;
  await delay(atMs);
  say(`${(atMs / 1000).toFixed(1)} s: ${kind} ${target}`);
  if (kind === "sigkill") return fleet.kill(target);
  if (kind === "sigterm") return fleet.restart(target);
  if (kind === "sigstop") return fleet.pause(target, forMs);
  // The store may be away at that moment.
  if (kind === "commit") return void (await fleet.command(["keys", "create"]).catch(() => say("keys create failed")));
  if (kind === "revoked") return truth.revoke(target);
  return store.apply(event);
}

/** A gateway that has seen nothing of it starts, and refreshes every connection once more: what is lost shows now. */
async function examine(fleet: Fleet, askers: readonly Credentials[], ledger: Ledger): Promise<void> {
  await fleet.start(0, { isSkewed: false });
  const [member] = fleet.members;
  const url = member?.url ?? "";
  await Promise.all(askers.map(async (credentials, connection) => ledger.judgeEnd(connection, await recover(url, credentials))));
  await fleet.stop(0);
}

async function recover(url: string, credentials: Credentials): Promise<Answer | null> {
  const giveUpAt = Date.now() + RECOVERED_WITHIN_MS;
  let answer: Answer | null = null;
  while (Date.now() < giveUpAt) {
    answer = await askToken({ url, credentials, by: "server", over: "graphql", minimumTtl: null }).catch(() => null);
    if (answer?.kind === "token" || (answer?.kind === "typed" && answer.type !== "TemporarilyUnavailable")) return answer;
    await delay(RECOVERY_POLL_MS);
  }
  return answer;
}
