import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DatabaseKind } from "../../test/support/databases.ts";
import { startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { type ChildGateway, startChild } from "../../test/support/child-gateway.ts";
import { askToken, HOUR_MS } from "../../test/support/vault.ts";

/** Longer than a lease (15 s), by more than what the child's clock, which runs, can be ahead of the one of the test. */
const PAST_LEASE_MS = 120_000;

let test: TestApp;
let child: ChildGateway | undefined;
let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "xkit-pause-"))));
afterEach(async () => {
  await child?.kill("SIGKILL");
  child = undefined;
  await test?.close();
  rmSync(directory, { recursive: true });
});

const points: [string, string, DatabaseKind][] = [
  ["before it connects to the provider", "undici:client:beforeConnect", "sqlite"],
  ["between the connection and the request", "undici:client:connected", "sqlite"],
  ["between the connection and the request", "undici:client:connected", "postgres"],
  ["before it has a connection for the request", "undici:request:create", "sqlite"],
];

/** The provider rotates refresh tokens, and revokes the whole grant when one comes back. */
describe("a process that is paused past its lease", { timeout: 120_000 }, () => {
  it.each(points)("%s (%s, on %s) does not send the used refresh token when it resumes", async (_point, channel, database) => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    await ada.connect();
    test.clock.advance(HOUR_MS);
    const noteIn = join(directory, "paused");
    const paused = await startChild(test, "ada", { pause: { channel, forMs: PAST_LEASE_MS, noteIn } });
    child = paused;
    const asking = paused.ask(1);
    await vi.waitUntil(() => existsSync(noteIn), { timeout: 60_000 });
    test.clock.advance(PAST_LEASE_MS);
    const { value } = await askToken(ada);
    expect(test.provider.refreshCount()).toBe(1);
    await paused.kill("SIGCONT");
    expect(await asking).toMatchObject([{ __typename: "AccessToken", value }]);
    expect(test.provider.refreshCount()).toBe(1);
    test.clock.advance(HOUR_MS);
    expect(await askToken(ada)).toMatchObject({ __typename: "AccessToken" });
  });
});
