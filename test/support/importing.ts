import { expect } from "vitest";
import { FLUSH_INTERVAL_MS } from "../../gateway/custody/audit-flushing.ts";
import { createLog } from "../../gateway/runtime/log.ts";
import type { Config } from "../../gateway/config/config.ts";
import { createRecorder } from "../../gateway/custody/recorder.ts";
import { openServices, type Services } from "../../gateway/services.ts";
import { importLines, type ImportLinesOptions, type LineResult } from "../../gateway/transfer/import-lines.ts";
import { readLines } from "../../gateway/transfer/lines.ts";
import type { TestAccount } from "./grants.ts";
import type { TestApp } from "./test-app.ts";

/** A line of an import with living tokens of the provider behind the connector `test`, and what is laid over it. */
export function issueLine({ provider, clock }: TestApp, over: Record<string, unknown> = {}, account?: TestAccount) {
  const { accessToken, refreshToken, expiresInSeconds, scopes } = provider.controls.issueTokens(account);
  return {
    user: "ada",
    connector: "test",
    access_token: accessToken,
    refresh_token: refreshToken,
    expires_at: new Date(clock.now() + expiresInSeconds * 1_000).toISOString(),
    scopes,
    ...(account && { account_id: account.id, account_label: account.label }),
    ...over,
  };
}

/** What a process of its own does with the store of a test's gateway. */
export async function withStore<Answer>(
  test: TestApp,
  act: (services: Services & Pick<Config, "connectors">) => Promise<Answer>,
): Promise<Answer> {
  const services = await openServices(test.config, test.clock, createLog("silent"));
  try {
    return await act({ ...services, connectors: test.config.connectors });
  } finally {
    await services.close();
  }
}

/** Imports lines as a process of its own does, and answers what became of each. Texts are lines as they are. */
export async function importInto(
  test: TestApp,
  lines: readonly (string | Record<string, unknown>)[],
  options: ImportLinesOptions = {},
): Promise<LineResult[]> {
  const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");
  return withStore(test, async (opened) => {
    const services = { ...opened, recorder: createRecorder({ ...test.config, clock: opened.database.clock }) };
    const results: LineResult[] = [];
    for await (const batch of importLines(services, readLines(chunksOf(text)), options)) results.push(...batch);
    return results;
  });
}

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** Deleting a user waits, by the clock, until every process has written its audit. */
export async function whileTimePasses<Answer>({ clock }: TestApp, answering: Promise<Answer>): Promise<Answer> {
  let isDone = false;
  const done = answering.finally(() => (isDone = true));
  await expect.poll(() => (clock.advance(FLUSH_INTERVAL_MS), isDone)).toBe(true);
  return done;
}
