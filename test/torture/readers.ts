import { setTimeout as delay } from "node:timers/promises";
import { type Answer, askToken, type Credentials, type Question } from "./asking.ts";
import type { Member } from "./member.ts";
import type { History } from "./history.ts";
import type { Ledger } from "./ledger.ts";
import { createRandom, pick } from "./random.ts";

const READERS = 12;
const PACE_MS = 60;
/** A gateway answers within its request deadline (10 s), and some. */
const HANGS_AFTER_MS = 14_000;
/** Shares of the readers' questions. */
const BY_USER_SHARE = 0.6;
const REST_SHARE = 0.3;
const MINIMUM_TTL_SHARE = 0.3;
/** In seconds. The provider's tokens live for 5, of which the gateway promises 4. */
const MINIMUM_TTLS = [1, 2, 3];

interface Dependencies {
  seed: string;
  members: readonly Member[];
  askers: readonly Credentials[];
  history: History;
  ledger: Ledger;
}

/** Asks without end, until `stop`: as any user, in any way, any gateway that is up. The ledger judges each answer. */
export function startReaders(dependencies: Dependencies): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const read = async (index: number) => {
    const random = createRandom(`${dependencies.seed}/reader/${index}`);
    while (!stopping.signal.aborted) {
      await readOnce(dependencies, random);
      await delay(PACE_MS * (0.5 + random()));
    }
  };
  const running = Array.from({ length: READERS }, (_, index) => read(index));
  return {
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

async function readOnce({ members, askers, history, ledger }: Dependencies, random: () => number): Promise<void> {
  const connection = Math.floor(random() * askers.length);
  const credentials = askers[connection];
  const member = pick(
    members.filter(({ state }) => state === "up"),
    random,
  );
  const question = {
    by: random() < BY_USER_SHARE ? "user" : "server",
    over: random() < REST_SHARE ? "rest" : "graphql",
    minimumTtl: random() < MINIMUM_TTL_SHARE ? (pick(MINIMUM_TTLS, random) ?? null) : null,
  } as const;
  if (!member || !credentials) return;
  const askedAtMs = Date.now();
  const answer = await askWithin({ ...question, credentials, url: member.url }, member, history, askedAtMs);
  if (answer)
    ledger.judge({ connection, process: member.index, minimumTtl: question.minimumTtl, askedAtMs, answeredAtMs: Date.now(), answer });
}

/** Null when the harness itself kept the gateway from answering. */
async function askWithin(question: Question, { index }: Member, history: History, askedAtMs: number): Promise<Answer | null> {
  const asking = askToken(question).catch((error: unknown): Answer => ({ kind: "neither", what: `no answer: ${codeOf(error)}` }));
  for (;;) {
    const answer = await Promise.race([asking, delay(HANGS_AFTER_MS, null, { ref: false })]);
    if (answer?.kind !== "neither" && answer) return answer;
    if (history.find(index, ["killed"], askedAtMs, Date.now()).length > 0) return null;
    if (answer) return answer;
    const isPaused = history.find(index, ["paused"], Date.now() - HANGS_AFTER_MS, Date.now()).length > 0;
    if (!isPaused) return { kind: "neither", what: `no answer within ${HANGS_AFTER_MS / 1000} s` };
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : String(error));
