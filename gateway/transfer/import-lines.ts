import { setTimeout as delay } from "node:timers/promises";
import { isTemporary } from "../../schema/errors.ts";
import type { ImportResult } from "../../schema/upstream.ts";
import { createJsonReader } from "./dumps/lines-of-json.ts";
import { type Read, type ReadLine, unreadable } from "./dumps/read.ts";
import { nothingHeld } from "./held-before.ts";
import { type ImportDependencies, importBatch, planBatch } from "./import-batch.ts";
import { type Line, MAXIMUM_LINE_BYTES } from "./lines.ts";

/** Connections that are stored in one transaction. */
export const BATCH_LINES = 100;
/** How often a batch is tried that the store cannot take now, and the pause between, in milliseconds. */
const MAXIMUM_TRIES = 10;
const RETRY_MS = 1_000;

/** What became of a line, by its number from 1. */
export type LineResult = ImportResult & { line: number };

export interface ImportLinesOptions {
  /** What a line states. Default: JSON in the form of `importedConnectionSchema`. */
  read?: ReadLine;
  /** Whether nothing is written. Default: false. */
  isDryRun?: boolean;
}

/**
 * Imports the connections of a file's lines, some at a time, and yields what became of each. What an earlier import has stored is skipped,
 * so that one that was stopped is started again with the same file. Throws what the store throws, once it has been tried often.
 */
export async function* importLines(
  dependencies: ImportDependencies,
  lines: AsyncIterable<Line>,
  { read = createJsonReader(), isDryRun = false }: ImportLinesOptions = {},
): AsyncGenerator<LineResult[]> {
  const held = nothingHeld();
  const take = isDryRun
    ? (inputs: readonly unknown[]) => planBatch(dependencies, inputs, held)
    : (inputs: readonly unknown[]) => importBatch(dependencies, inputs);
  for await (const batch of inBatches(lines)) {
    const readings = await Promise.all(batch.map(async ({ text }) => (text === null ? tooLong : await read(text))));
    const inputs = readings.flatMap((reading) => (reading.ok ? [reading.data] : []));
    const results = (await retry(() => take(inputs))).toReversed();
    yield batch.flatMap(({ number }, index) => {
      const reading = readings[index] ?? tooLong;
      const result = reading.ok ? results.pop() : notTaken(reading);
      return result ? { line: number, ...result } : [];
    });
  }
}

const tooLong = unreadable(`The line has more than ${MAXIMUM_LINE_BYTES} bytes.`);

const notTaken = ({ problem, isSkipped }: Extract<Read, { ok: false }>): ImportResult => ({
  status: isSkipped ? "skipped" : "refused",
  importId: null,
  owner: null,
  connector: null,
  connectionId: null,
  messages: [problem],
});

async function* inBatches(lines: AsyncIterable<Line>): AsyncGenerator<Line[]> {
  let batch: Line[] = [];
  for await (const line of lines) {
    batch.push(line);
    if (batch.length < BATCH_LINES) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Another process may hold the store for a moment. What a try has stored, the next one skips. */
async function retry<Result>(action: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await action();
    } catch (error) {
      if (!isTemporary(error) || tries === MAXIMUM_TRIES) throw error;
      await delay(RETRY_MS);
    }
  }
}
