import { Socket } from "node:net";
import { beforeEach, expect, it } from "vitest";
import { createDistribution, type Distribution, type Receiver, STUCK_AFTER_MS } from "./connections.ts";

/** Takes what it is given when the test says so. */
function createReceiver() {
  const given: { connection: number; socket: Socket }[] = [];
  const receiver: Receiver = { give: (connection, socket) => void given.push({ connection, socket }) };
  return { receiver, given, sockets: () => given.map(({ socket }) => socket) };
}

const MAXIMUM = 4;
let distribution: Distribution;
let now: number;
beforeEach(() => {
  now = 0;
  distribution = createDistribution(MAXIMUM, () => now);
});

const add = (count: number): Socket[] =>
  Array.from({ length: count }, () => {
    const socket = new Socket();
    distribution.add(socket);
    return socket;
  });

it("gives each connection to the receiver with the fewest, those that are open in it among them", () => {
  const [a, b] = [createReceiver(), createReceiver()];
  distribution.join(a.receiver);
  distribution.join(b.receiver);
  const [first, second] = add(2);
  expect([a.sockets(), b.sockets()]).toEqual([[first], [second]]);
  distribution.count(b.receiver, 2);
  const more = add(2);
  expect(a.sockets()).toEqual([first, ...more]);
  distribution.take(a.receiver, a.given[0]?.connection ?? 0, 0);
  expect(first?.destroyed).toBe(true);
  add(1);
  expect(a.sockets()).toHaveLength(4);
});

it("gives what a receiver had not taken when it ended to another one", () => {
  const [a, b] = [createReceiver(), createReceiver()];
  distribution.join(a.receiver);
  const [taken, untaken] = add(2);
  distribution.take(a.receiver, a.given[0]?.connection ?? 0, 1);
  distribution.join(b.receiver);
  distribution.end(a.receiver);
  expect(b.sockets()).toEqual([untaken]);
  expect([taken?.destroyed, untaken?.destroyed]).toEqual([true, false]);
});

it("gives none to a receiver that leaves, which still takes what it was given", async () => {
  const [a, b] = [createReceiver(), createReceiver()];
  distribution.join(a.receiver);
  add(1);
  distribution.leave(a.receiver);
  distribution.join(b.receiver);
  const [later] = add(1);
  expect([a.sockets().length, b.sockets()]).toEqual([1, [later]]);
  let isSettled = false;
  const settled = distribution.settled().then(() => (isSettled = true));
  for (const { receiver, given } of [b, a]) {
    expect(isSettled).toBe(false);
    distribution.take(receiver, given[0]?.connection ?? 0, 1);
    await Promise.resolve();
  }
  await settled;
});

it("lets connections wait while there is no receiver, and closes those beyond the limit", () => {
  const waiting = add(MAXIMUM);
  const [beyond] = add(1);
  expect(beyond?.destroyed).toBe(true);
  const { receiver, sockets } = createReceiver();
  distribution.join(receiver);
  expect(sockets()).toEqual(waiting);
  expect(add(1)[0]?.destroyed).toBe(true);
});

it("gives none to a receiver that has not taken one for a second, as long as another one takes them", () => {
  const [a, b] = [createReceiver(), createReceiver()];
  distribution.join(a.receiver);
  distribution.join(b.receiver);
  add(2);
  distribution.take(b.receiver, b.given[0]?.connection ?? 0, 2);
  now += STUCK_AFTER_MS;
  add(1);
  expect([a.given.length, b.given.length]).toEqual([1, 2]);
  distribution.take(a.receiver, a.given[0]?.connection ?? 0, 1);
  add(1);
  expect([a.given.length, b.given.length]).toEqual([2, 2]);
  now += STUCK_AFTER_MS;
  add(1);
  expect([a.given.length, b.given.length]).toEqual([3, 2]);
});
