import { type ChildProcess, fork } from "node:child_process";
import type { z } from "zod";
import { createQuestions } from "./questions.ts";
import type { Receiver } from "./connections.ts";
import { type Start, type ToPrimary, toPrimarySchema, type ToWorker } from "./messages.ts";

/** How long a worker may take to answer its primary, in milliseconds. */
const ANSWER_TIMEOUT_MS = 1_000;

/** How a worker ended: by a code or a signal, and why it could not start where it said so. */
export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
  failure: { reason: string; exitCode: number } | null;
}

/** A worker, as its primary sees it. */
export interface WorkerProcess extends Receiver {
  readonly number: number;
  readonly pid: number | undefined;
  send(message: ToWorker): void;
  /** Rejects where no answer of the schema comes within a second. */
  ask<Value>(schema: z.ZodType<Value>, question: WorkerQuestion): Promise<Value>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves to how it ended. */
  ended: Promise<Ending>;
}

type WorkerQuestion = { type: "measure" } | { type: "share"; counts: { key: string; ms: number }[] };
export type WorkerMessage = Exclude<z.output<typeof toPrimarySchema>, { type: "answer" | "failed" }>;

export interface ForkOptions {
  number: number;
  /** The file of the command line. */
  command: string;
  start: Omit<Start, "type">;
  onMessage(worker: WorkerProcess, message: WorkerMessage): void;
}

export function forkWorker({ number, command, start, onMessage }: ForkOptions): WorkerProcess {
  const child = fork(command, ["worker", String(number)]);
  const questions = createQuestions(ANSWER_TIMEOUT_MS);
  let failure: Ending["failure"] = null;
  const send = (message: ToWorker) => {
    // One that has ended hears nothing: its end is told by itself.
    child.send(message, () => {});
  };
  const worker: WorkerProcess = {
    number,
    pid: child.pid,
    send,
    give: (connection, socket) => {
      const message: ToWorker = { type: "connection", connection };
      child.send(message, socket, { keepOpen: true }, () => {});
    },
    ask: (schema, question) => questions.ask(schema, (id) => send({ ...question, question: id })),
    kill: (signal) => void child.kill(signal),
    ended: endOf(child).then((end) => {
      questions.end();
      return { ...end, failure };
    }),
  };
  child.on("message", (message) => {
    const told: z.output<typeof toPrimarySchema> = toPrimarySchema.parse(message);
    if (told.type === "answer") questions.settle(told.question, told.value);
    else if (told.type === "failed") failure = told;
    else onMessage(worker, told);
  });
  send({ type: "start", ...start });
  return worker;
}

/** Also of one that could not be started. */
function endOf(child: ChildProcess): Promise<Omit<Ending, "failure">> {
  return new Promise((resolve) => {
    let wasStarted = child.pid !== undefined;
    child.on("error", () => {
      if (!wasStarted) resolve({ code: 1, signal: null });
      wasStarted = true;
    });
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
}

export const answerTo = (worker: WorkerProcess, question: number, value: unknown): void => {
  const answer: ToPrimary & ToWorker = { type: "answer", question, value };
  worker.send(answer);
};
