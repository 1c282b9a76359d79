import { setImmediate as nextTurn } from "node:timers/promises";
import { beforeEach, expect, it } from "vitest";
import { createManualClock, type ManualClock } from "../upstream-suite/manual-clock.ts";
import { createFleet, type Fleet, MAXIMUM_FAILED_STARTS } from "./fleet.ts";
import type { Ending, WorkerProcess } from "./worker-process.ts";

const KILLED: Ending = { code: null, signal: "SIGKILL", failure: null };
const LONG_MS = 60_000;

let clock: ManualClock;
let sleeps: number[];
let launched: { worker: WorkerProcess; end(ending: Ending): Promise<void> }[];
let fleet: Fleet;

beforeEach(() => {
  clock = createManualClock();
  sleeps = [];
  launched = [];
});

function start(size: number): Promise<void> {
  const log = { info() {}, error() {} };
  const sleep = async (ms: number) => {
    sleeps.push(ms);
    await nextTurn();
  };
  fleet = createFleet({ size, launch, onServing() {}, onEnd() {}, clock: { now: clock.now, sleep }, log });
  return fleet.start();
}

function launch(number: number): WorkerProcess {
  let resolve: (ending: Ending) => void = () => {};
  const ended = new Promise<Ending>((settle) => (resolve = settle));
  const idle = { send() {}, give() {}, kill() {}, ask: () => Promise.reject(new TypeError("Nothing is asked here.")) };
  const worker = { ...idle, number, pid: launched.length, ended };
  const end = async (ending: Ending) => {
    resolve(ending);
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  };
  launched.push({ worker, end });
  return worker;
}

const last = () => {
  const newest = launched.at(-1);
  if (!newest) throw new TypeError("A worker was started.");
  return newest;
};

async function startServing(size: number): Promise<void> {
  const started = start(size);
  fleet.serves(last().worker);
  await nextTurn();
  for (const { worker } of launched.slice(1)) fleet.serves(worker);
  await started;
}

it("starts the first worker by itself, and the others once it serves", async () => {
  const started = start(3);
  await nextTurn();
  expect(launched).toHaveLength(1);
  fleet.serves(last().worker);
  await nextTurn();
  expect(launched).toHaveLength(3);
  for (const { worker } of launched.slice(1)) fleet.serves(worker);
  await started;
  expect(fleet.serving()).toHaveLength(3);
});

it("gives up at once where the first worker says why it cannot start", async () => {
  const failure = start(3).catch((error: unknown) => error);
  await last().end({ code: 2, signal: null, failure: { reason: "The configuration has a problem", exitCode: 2 } });
  expect(await failure).toMatchObject({ message: "The configuration has a problem", exitCode: 2 });
  expect(launched).toHaveLength(1);
});

it("gives up where a worker ends at each of its first starts without saying why", async () => {
  const failure = start(1).catch(String);
  for (let count = 0; count < MAXIMUM_FAILED_STARTS; count += 1) await last().end(KILLED);
  expect(await failure).toContain("ended by SIGKILL, 3 times in a row");
});

it("replaces a worker at once, and later each time where one ends soon again", async () => {
  await startServing(2);
  clock.advance(LONG_MS);
  for (let count = 0; count < 10; count += 1) await last().end(KILLED);
  expect(sleeps).toEqual([0, 0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  fleet.serves(last().worker);
  clock.advance(LONG_MS);
  await last().end(KILLED);
  expect(sleeps.at(-1)).toBe(0);
  expect([fleet.serving().length, fleet.replaced()]).toEqual([1, 11]);
});

it("gives up where no worker serves any more and none can be started", async () => {
  await startServing(1);
  clock.advance(LONG_MS);
  for (let count = 0; count <= MAXIMUM_FAILED_STARTS; count += 1) await last().end(KILLED);
  await expect(fleet.failed).rejects.toThrow("No worker is running");
});

it("replaces none once it stops", async () => {
  await startServing(2);
  fleet.stopReplacing();
  for (const { end } of launched.slice()) await end({ code: 0, signal: null, failure: null });
  await fleet.ended();
  expect([launched.length, fleet.replaced()]).toEqual([2, 0]);
});
