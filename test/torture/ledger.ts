import type { Answer } from "./asking.ts";
import type { History } from "./history.ts";
import type { Truth } from "./truth.ts";
import { describeReuse, isUnavoidable, findMostUsed, describeUses } from "./verdict.ts";

/** Least life of a token, as a share, when the caller names none (`gateway/vault/freshness.ts`). */
const DEFAULT_MARGIN_SHARE = 0.1;
/** An answer may be on its way for so long after it was judged: the machine is busy. */
const TRANSIT_MS = 400;
/** More evidence of one kind is not kept. */
const EVIDENCE_KEPT = 6;
/** What the gateway logs when an error reached the top of the process. */
const LAST_RESORT = /an error reached no handler, so the process stops/g;
const SAYS_IT_IS_LOST = new Set(["ReconnectRequired", "RECONNECT_REQUIRED", "NotConnected", "NOT_CONNECTED"]);

/** One question and what came back. */
export interface Reading {
  connection: number;
  process: number;
  /** In seconds. */
  minimumTtl: number | null;
  askedAtMs: number;
  answeredAtMs: number;
  answer: Answer;
}

/** The counts that have an aim. */
export interface Counts {
  lost: number;
  deadOrTooShort: number;
  ofAnotherOwner: number;
  usesOfOneRefreshToken: number;
  inFlightOfOneConnection: number;
  neither: number;
  lastResorts: number;
  unhandledExits: number;
}

/** Judges everything that is answered by what the provider knows. */
export interface Ledger {
  judge(reading: Reading): void;
  /** What became of a connection after all faults were over. */
  judgeEnd(connection: number, answer: Answer | null): void;
  readLog(process: number, log: string): void;
  countStart(): void;
  countUnhandledExit(process: number, why: string): void;
  counts(): Counts;
  /** Connections that no gateway could have kept. */
  unavoidablyLost(): number;
  /** Answers by what they were. */
  answers: ReadonlyMap<string, number>;
  starts(): number;
  /** What missed an aim, with the instant. */
  evidence: ReadonlyMap<keyof Counts, readonly string[]>;
}

export function createLedger(truth: Truth, history: History, startedAtMs: () => number): Ledger {
  const books = createBooks((instant) => `${((instant - startedAtMs()) / 1000).toFixed(2)} s`);
  const { answers, evidence, count, at } = books;
  let starts = 0;
  return {
    answers,
    evidence,
    judge: (reading) => judgeReading(books, truth, history, reading),
    judgeEnd(connection, answer) {
      if (answer?.kind === "token" || truth.grants.get(connection)?.revoked) return;
      const what = answer?.kind === "typed" ? answer.type : (answer?.what ?? "no answer");
      books.givenUp.set(connection, `at the end: connection ${connection}: ${what}, but the provider honours it`);
    },
    readLog(process, log) {
      for (const match of log.matchAll(LAST_RESORT))
        count("lastResorts", `process ${process}: ${log.slice(match.index - 100, match.index + 300)}`);
    },
    countStart: () => void (starts += 1),
    countUnhandledExit: (process, why) => count("unhandledExits", `${at(Date.now())}: process ${process}: ${why}`),
    counts: () => closeBooks(books, truth, history),
    unavoidablyLost: () => truth.reuses.filter((reuse) => isUnavoidable(reuse, history)).length,
    starts: () => starts,
  };
}

interface Tally {
  deadOrTooShort: number;
  ofAnotherOwner: number;
  neither: number;
  lastResorts: number;
  unhandledExits: number;
}

function createBooks(at: (instant: number) => string) {
  const evidence = new Map<keyof Counts, string[]>();
  const tally: Tally = { deadOrTooShort: 0, ofAnotherOwner: 0, neither: 0, lastResorts: 0, unhandledExits: 0 };
  const note = (kind: keyof Counts, line: string) => {
    const lines = evidence.get(kind) ?? [];
    if (lines.length < EVIDENCE_KEPT && !lines.includes(line)) lines.push(line);
    evidence.set(kind, lines);
  };
  const count = (kind: keyof Tally, line: string) => {
    tally[kind] += 1;
    note(kind, line);
  };
  const answers = new Map<string, number>();
  /** Connections that were called lost though the provider honours them. */
  const givenUp = new Map<number, string>();
  return { at, evidence, tally, note, count, answers, givenUp };
}

type Books = ReturnType<typeof createBooks>;

function judgeReading(books: Books, truth: Truth, history: History, reading: Reading): void {
  const { answers, tally, note, at } = books;
  const { connection, process, answeredAtMs, askedAtMs, answer } = reading;
  const name = answer.kind === "token" ? "token" : answer.kind === "typed" ? answer.type : answer.what;
  answers.set(name, (answers.get(name) ?? 0) + 1);
  if (answer.kind === "token") judgeToken(books, truth, history, reading, answer.value);
  else if (answer.kind === "typed") judgeOutcome(books, truth, connection, answeredAtMs, answer.type);
  else {
    tally.neither += 1;
    // Of each kind the first.
    if (answers.get(name) === 1) note("neither", `${at(answeredAtMs)}: process ${process}: ${name} (asked at ${at(askedAtMs)})`);
  }
}

function judgeToken({ at, count }: Books, truth: Truth, history: History, reading: Reading, value: string): void {
  const { connection, process, minimumTtl, askedAtMs, answeredAtMs } = reading;
  const token = truth.findAccessToken(value);
  const where = `${at(answeredAtMs)}: process ${process}, connection ${connection}`;
  if (!token || token.grant.connection !== connection)
    return count("ofAnotherOwner", `${where}: a token of ${token?.grant.account ?? "no account"}`);
  const isPaused = history.find(process, ["paused"], askedAtMs, answeredAtMs).length > 0;
  const judgedAtMs = isPaused ? askedAtMs : Math.max(askedAtMs, answeredAtMs - TRANSIT_MS);
  const leftMs = token.expiresAtMs - judgedAtMs;
  const asked = minimumTtl === null ? (token.expiresAtMs - token.issuedAtMs) * DEFAULT_MARGIN_SHARE : minimumTtl * 1000;
  const took = `answered after ${answeredAtMs - askedAtMs} ms`;
  if (leftMs < asked) count("deadOrTooShort", `${where}: ${leftMs} ms left, ${asked} ms asked, ${took}`);
}

/** A connection that the provider honours is not to be called lost. */
function judgeOutcome({ at, givenUp }: Books, truth: Truth, connection: number, instant: number, type: string): void {
  if (!SAYS_IT_IS_LOST.has(type) || truth.grants.get(connection)?.revoked || givenUp.has(connection)) return;
  givenUp.set(connection, `${at(instant)}: connection ${connection}: ${type}, but the provider honours it`);
}

function closeBooks({ tally, note, givenUp, at }: Books, truth: Truth, history: History): Counts {
  const avoidable = truth.reuses.filter((reuse) => !isUnavoidable(reuse, history));
  for (const reuse of avoidable) note("lost", describeReuse(reuse, at));
  for (const line of givenUp.values()) note("lost", line);
  const { connection, uses } = findMostUsed(truth, history);
  note("usesOfOneRefreshToken", `connection ${connection}: ${describeUses(uses, at)}`);
  return {
    ...tally,
    lost: new Set([...givenUp.keys(), ...avoidable.map(({ grant }) => grant.connection)]).size,
    usesOfOneRefreshToken: uses.length,
    inFlightOfOneConnection: Math.max(0, ...[...truth.grants.values()].map(({ mostInFlight }) => mostInFlight)),
  };
}
