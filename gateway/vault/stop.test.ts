import { afterEach, describe, expect, it } from "vitest";
import type { App } from "../app.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { listen, sendText } from "../../test/support/server-io.ts";
import { ask, sendTo, startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { onlyAuthorization, turns } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

const DISCONNECT = `mutation { disconnect(where: { slug: "test" }) { id } }`;

/** Begins to stop a gateway; tells whether it has. */
function stop(app: App) {
  const state = { isStopped: false, stopping: Promise.resolve() };
  state.stopping = app.close().then(() => void (state.isStopped = true));
  return state;
}

describe.each(databaseKinds)("a gateway that stops, on %s", (database) => {
  it("waits for the code that is being exchanged, and stores what it brings", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    const started = await ada.browser.fetch("/connect/test");
    const callback = await test.provider.authorize(started.headers.get("location") ?? "");
    const hold = test.provider.controls.hold();
    const finishing = ada.browser.fetch(callback.href);
    await hold.arrived(1);
    const state = stop(test.app);
    await turns();
    expect(state.isStopped).toBe(false);
    hold.release();
    await state.stopping;
    expect(await onlyAuthorization(test)).toMatchObject({ status: "active" });
    await finishing;
  });

  it("waits for the revocation that is under way", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    await ada.connect();
    let [arrive, answer] = [() => {}, () => {}];
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const revoking = await listen(async (_request, response) => {
      arrive();
      await answered;
      sendText(response, 200, "");
    });
    const provider = { ...test.provider.providerFacts, revocation_endpoint: revoking.url };
    const twin = await test.startTwin({ provider });
    const disconnecting = ask(sendTo(twin), DISCONNECT, {}, { authorization: `Bearer ${await ada.bearer()}` });
    await arrived;
    const state = stop(twin);
    await turns();
    expect(state.isStopped).toBe(false);
    answer();
    await state.stopping;
    expect((await disconnecting).errors).toEqual([]);
    await revoking.close();
  });
});
