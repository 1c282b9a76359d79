import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { createRateLimiter } from "../runtime/rate-limiter.ts";
import type { ToPrimary, ToWorker } from "./messages.ts";
import { createPrimaryLink, type PrimaryLink } from "./primary-link.ts";
import { createRateSharing } from "./rate-sharing.ts";
import { createSharedLimits } from "./shared-limits.ts";
import type { WorkerProcess } from "./worker-process.ts";

const LIMIT = { count: 10, seconds: 600 };

let sent: ToPrimary[];
beforeEach(() => void (sent = []));
afterEach(() => void vi.useRealTimers());

/** A link to a primary that answers as it is told. */
function createLink(answer: (message: ToPrimary) => ToWorker | null): PrimaryLink {
  const link = createPrimaryLink((message) => {
    sent.push(message);
    const answered = answer(message);
    if (answered) queueMicrotask(() => link.receive(answered));
  });
  return link;
}

const workerOf = (number: number): WorkerProcess => ({
  number,
  pid: number,
  send() {},
  give() {},
  kill() {},
  ask: () => Promise.reject(new TypeError("Nothing is asked here.")),
  ended: new Promise(() => {}),
});

it("several workers have one exact count, and a key without room costs no further message", async () => {
  const limiter = createRateLimiter({ clock: createManualClock(), log: { warn() {} } });
  const links = [1, 2, 3].map(() =>
    createLink((message) =>
      message.type === "consume" ? { type: "answer", question: message.question, value: limiter.consume(message.key, message) } : null,
    ),
  );
  const answers = await Promise.all(
    Array.from({ length: 12 }, async (_each, index) => links[index % links.length]?.limiter.consume("login user ada", LIMIT)),
  );
  expect(answers.filter((answer) => answer === null)).toHaveLength(LIMIT.count);
  const asked = sent.length;
  for (let count = 0; count < 1_000; count += 1) for (const link of links.slice(0, 2)) await link.limiter.consume("login user ada", LIMIT);
  // One worker had not been told yet.
  expect(sent.length - asked).toBeLessThanOrEqual(1);
  expect(await links[0]?.limiter.consume("login user ben", LIMIT)).toBeNull();
});

it("where the primary does not answer, nothing is let through", async () => {
  vi.useFakeTimers();
  const link = createLink(() => null);
  const consuming = Promise.resolve(link.limiter.consume("login user ada", LIMIT)).catch((error: unknown) => error);
  const acquiring = Promise.resolve(link.limitOf("sockets")(2).acquire("ada")).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(10_000);
  for (const refused of [await consuming, await acquiring]) expect(refused).toMatchObject({ code: "TEMPORARILY_UNAVAILABLE" });
  // It may have been acquired meanwhile.
  const [, acquisition] = sent;
  expect(sent.at(-1)).toEqual({ type: "release", acquired: acquisition && "question" in acquisition ? acquisition.question : null });
});

it("what a user has open is counted over all workers, until it is released or its worker ends", async () => {
  const limits = createSharedLimits();
  const workers = [workerOf(1), workerOf(2)];
  const [first, second] = workers.map((worker) =>
    createLink((message) => {
      if (message.type === "release") limits.release(worker, message.acquired);
      return message.type === "acquire" ? { type: "answer", question: message.question, value: limits.acquire(worker, message) } : null;
    }).limitOf("subscriptions")(2),
  );
  const held = await first?.acquire("ada");
  expect(await second?.acquire("ada")).not.toBeNull();
  expect([await first?.acquire("ada"), await second?.acquire("ada")]).toEqual([null, null]);
  expect(await first?.acquire("ben")).not.toBeNull();
  held?.();
  held?.();
  expect(await second?.acquire("ada")).not.toBeNull();
  expect(await first?.acquire("ada")).toBeNull();
  const [, ended] = workers;
  if (ended) limits.end(ended);
  expect(await first?.acquire("ada")).not.toBeNull();
  expect(await first?.acquire("ada")).not.toBeNull();
  expect(await first?.acquire("ada")).toBeNull();
});

it("a worker shares rates for the primary, whose clock need not be the store's", async () => {
  const sharing = createRateSharing();
  await expect(sharing.share([{ key: "ada", ms: 100 }])).rejects.toThrow("No worker could share");
  const link = createLink(() => null);
  link.lendSharing(async (counts) => counts.map(({ key, ms }) => ({ key, ms: 2 * ms })));
  const worker: WorkerProcess = {
    ...workerOf(1),
    ask: async (schema, question) => {
      if (question.type === "share") link.receive({ ...question, question: 1 });
      await vi.waitUntil(() => sent.some(({ type }) => type === "answer"));
      const answer = sent.find((message) => message.type === "answer");
      return schema.parse(answer?.value);
    },
  };
  sharing.join(worker);
  const before = Date.now();
  const [shared] = await sharing.share([{ key: "ada", ms: 100_000 }]);
  expect(shared?.drainedAt).toBeGreaterThanOrEqual(before + 200_000);
  expect(shared?.drainedAt).toBeLessThanOrEqual(Date.now() + 200_000);
});

it("says that it is degraded while workers are missing", () => {
  const link = createLink(() => null);
  expect(link.degradation()).toBeNull();
  link.receive({ type: "serving", serving: 2, wanted: 3 });
  expect(link.degradation()).toContain("2 of 3 workers are running");
  link.receive({ type: "serving", serving: 3, wanted: 3 });
  expect(link.degradation()).toBeNull();
});
