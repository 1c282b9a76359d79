/** A user who is deleted while something is done for them. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { callerOf, createServerHeaders } from "../../test/support/caller.ts";
import { startAt } from "../../test/support/connecting.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { startExpired } from "../../test/support/expired.ts";
import { whileTimePasses, withStore } from "../../test/support/importing.ts";
import { PUBLIC_URL, startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { askToken, inStore, refreshRequests, spooledFiles, startConnected } from "../../test/support/vault.ts";
import { withVault } from "../commands/with-vault.ts";
import { createLog } from "../runtime/log.ts";
import { createTransfer } from "./transfer.ts";

let test: TestApp;
afterEach(() => test.close());

const erase = async () => whileTimePasses(test, callerOf(test, await createServerHeaders(test))("DELETE", "/platform/users/ada"));

const persons = () => inStore(test, (query) => query.selectFrom("persons").select("user_id").execute());

/** What is recorded is in the store once the gateway has ended. */
async function expectNothingLeft(): Promise<void> {
  await test.app.close();
  expect(spooledFiles(test)).toEqual([]);
  expect(await persons()).toEqual([]);
}

describe.each(databaseKinds)("a user who is deleted on %s", (database) => {
  it("while a callback waits for the provider has what it brings revoked, and is told so", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    const callback = await startAt(test, ada);
    const held = test.provider.controls.hold();
    const calling = ada.browser.fetch(callback.href);
    await held.arrived(1);
    expect((await erase()).body.connections).toEqual([{ id: expect.any(String), connector: "test", revocation: "nothing" }]);
    held.release();
    expect((await calling).status).toBe(400);
    await expectNothingLeft();
    expect(test.provider.liveAccessTokens()).toEqual([]);
  });

  it("while a refresh has its answer come late has none of it kept", async () => {
    // A provider that revoked what was stored would bring nothing later.
    const expired = await startExpired({ database, provider: { graceSeconds: 10 }, facts: { revocation: null } });
    test = expired.test;
    let answer = () => {};
    const until = new Promise<void>((resolve) => (answer = resolve));
    test.provider.controls.next({ until }, { until });
    const asking = askToken(expired.ada);
    await vi.waitFor(() => expect(refreshRequests(test)).toHaveLength(1));
    const lease = () => inStore(test, (query) => query.selectFrom("authorizations").select("lease_expires_at").executeTakeFirst());
    const { lease_expires_at: leasedUntil } = (await lease()) ?? {};
    test.clock.advance((leasedUntil ?? 0) - test.clock.now() + 1);
    await asking;
    expect((await erase()).status).toBe(200);
    const before = test.provider.refreshCount();
    answer();
    await expect.poll(() => test.provider.refreshCount()).toBeGreaterThan(before);
    await expectNothingLeft();
  });

  it("leaves servers that have read one of their events where they were", async () => {
    const connected = await startConnected({ database });
    test = connected.test;
    const newest = () => inStore(test, (query) => query.selectFrom("events").select("id").orderBy("number", "desc").executeTakeFirst());
    const last = (await newest())?.id ?? "";
    await erase();
    const bob = await test.signIn("bob");
    await bob.connect();
    const stopping = new AbortController();
    const headers = { ...(await createServerHeaders(test)), accept: "text/event-stream", "last-event-id": last };
    const response = await test.app.fetch(new Request(`${PUBLIC_URL}/api/platform/events`, { headers, signal: stopping.signal }));
    expect(response.status).toBe(200);
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    let text = "";
    while (!text.includes("evt_")) text += decoder.decode((await reader?.read())?.value, { stream: true });
    expect(text).toContain((await newest())?.id);
    stopping.abort();
  });

  it("and whose deletion was killed before its end is recorded when it is repeated, with no use of a connection left", async () => {
    const connected = await startConnected({ database });
    test = connected.test;
    await askToken(connected.ada);
    await withStore(test, (services) =>
      withVault(services, test.config, ({ revoker, spool }) =>
        createTransfer({ ...services, ...test.config, clock: test.clock, log: createLog("silent"), revoker, spool }).eraseUser("ada"),
      ),
    );
    expect(await erase()).toMatchObject({ status: 200, body: { connections: [] } });
    await test.app.close();
    const acts = await inStore(test, (query) => query.selectFrom("audit_events").select(["action", "subject"]).execute());
    expect(acts.filter(({ action }) => action === "user.erase")).toEqual([
      { action: "user.erase", subject: expect.stringMatching(/^[\w-]{22}$/) },
    ]);
    expect(await persons()).toEqual([]);
  });
});
