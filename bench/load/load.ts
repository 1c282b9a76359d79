/** A load of HTTP/1.1 requests on kept connections, written on bare sockets so that it costs less than what it measures. */
import { z } from "zod";
import { type Connection, openConnection } from "./connection.ts";

/** What is sent, and how. */
export const loadSchema = z.strictObject({
  port: z.number(),
  method: z.enum(["GET", "POST"]),
  /** `{n}` in a path or body stands for one of `subjects` numbers, from `firstSubject` on. */
  path: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string().nullable(),
  subjects: z.number().min(1),
  firstSubject: z.number().min(0),
  /** In which order the numbers come. */
  order: z.enum(["in turn", "at random"]),
  /** A text that every answer must contain. */
  expects: z.string(),
  connections: z.number().min(1),
  seconds: z.number().positive(),
  /** Requests are sent at this rate, and each waits for a free connection; null: each connection sends the next as soon as it has its answer. */
  ratePerSecond: z.number().positive().nullable(),
});
export type Load = z.infer<typeof loadSchema>;

export const loadResultSchema = z.strictObject({
  answers: z.number(),
  failures: z.number(),
  /** The first answer that was not what was expected: its status, and how it begins. */
  firstFailure: z.string().nullable(),
  seconds: z.number(),
  p50Ms: z.number(),
  p90Ms: z.number(),
  p99Ms: z.number(),
  p999Ms: z.number(),
});
export type LoadResult = z.infer<typeof loadResultSchema>;

const SHOWN_CHARACTERS = 200;

interface Tally {
  latencies: number[];
  failures: number;
  firstFailure: string | null;
}

/** Sends a load and waits for the last answer. Throws when a connection breaks. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const connections = await Promise.all(Array.from({ length: load.connections }, () => openConnection(load.port)));
  const tally: Tally = { latencies: [], failures: 0, firstFailure: null };
  const startedAt = performance.now();
  const endsAt = startedAt + load.seconds * 1000;
  const next = createRequests(load);
  const run = load.ratePerSecond === null ? runClosed : runPaced;
  await run({ load, connections, tally, next, startedAt, endsAt });
  const seconds = (performance.now() - startedAt) / 1000;
  for (const connection of connections) connection.close();
  return summarize(tally, seconds);
}

interface Run {
  load: Load;
  connections: readonly Connection[];
  tally: Tally;
  next: () => Buffer;
  startedAt: number;
  endsAt: number;
}

/** Each connection asks again as soon as it has its answer. */
async function runClosed({ load, connections, tally, next, endsAt }: Run): Promise<void> {
  await Promise.all(
    connections.map(
      (connection) =>
        new Promise<void>((resolve, reject) => {
          const ask = (): void => {
            const askedAt = performance.now();
            if (askedAt >= endsAt) return resolve();
            connection.ask(next(), (status, answer) => {
              note(tally, load, status, answer, performance.now() - askedAt);
              ask();
            });
          };
          connection.onBroken(reject);
          ask();
        }),
    ),
  );
}

/** A latency counts from the moment at which the request was due, so that a server that stalls does not slow the load down. */
async function runPaced({ load, connections, tally, next, startedAt, endsAt }: Run): Promise<void> {
  const intervalMs = 1000 / (load.ratePerSecond ?? 1);
  const free = [...connections];
  let asked = 0;
  await new Promise<void>((resolve, reject) => {
    for (const connection of connections) connection.onBroken(reject);
    const send = (): void => {
      const now = performance.now();
      for (;;) {
        const dueAt = startedAt + asked * intervalMs;
        if (dueAt >= endsAt) break;
        const connection = dueAt <= now ? free.pop() : undefined;
        if (!connection) return;
        asked += 1;
        connection.ask(next(), (status, answer) => {
          note(tally, load, status, answer, performance.now() - dueAt);
          free.push(connection);
        });
      }
      if (free.length < connections.length) return;
      clearInterval(timer);
      resolve();
    };
    const timer = setInterval(send, 1);
  });
}

function note(tally: Tally, { expects }: Load, status: number, answer: string, latencyMs: number): void {
  tally.latencies.push(latencyMs);
  if (status === 200 && answer.includes(expects)) return;
  tally.failures += 1;
  tally.firstFailure ??= `${status} ${answer.slice(0, SHOWN_CHARACTERS)}`;
}

function createRequests(load: Load): () => Buffer {
  const { subjects, firstSubject, order } = load;
  if (subjects === 1) {
    const request = serialize(load, firstSubject);
    return () => request;
  }
  let count = 0;
  return () => serialize(load, firstSubject + (order === "in turn" ? count++ % subjects : Math.floor(Math.random() * subjects)));
}

function serialize({ port, method, path, headers, body }: Load, subject: number): Buffer {
  const text = body?.replaceAll("{n}", String(subject)) ?? "";
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = body === null ? "" : `content-length: ${Buffer.byteLength(text)}\r\n`;
  return Buffer.from(
    `${method} ${path.replaceAll("{n}", String(subject))} HTTP/1.1\r\nhost: localhost:${port}\r\n${lines.join("")}${length}\r\n${text}`,
  );
}

function summarize({ latencies, failures, firstFailure }: Tally, seconds: number): LoadResult {
  const sorted = Float64Array.from(latencies).toSorted();
  const quantile = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {
    answers: sorted.length,
    failures,
    firstFailure,
    seconds,
    p50Ms: quantile(0.5),
    p90Ms: quantile(0.9),
    p99Ms: quantile(0.99),
    p999Ms: quantile(0.999),
  };
}
