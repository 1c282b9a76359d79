import { afterEach, expect, it } from "vitest";
import { startConnected, askToken, refreshRequests } from "../../test/support/vault.ts";
import type { TestApp, TestUser } from "../../test/support/test-app.ts";
import { createLog } from "../runtime/log.ts";
import { openServices, type Services } from "../services.ts";
import { actOnConnection, type ConnectionAction, formatConnection } from "./connections.ts";

let test: TestApp;
let ada: TestUser;
let services: Services;
afterEach(async () => {
  await services.close();
  await test.close();
});

async function start(): Promise<(action: ConnectionAction, id?: string) => ReturnType<typeof actOnConnection>> {
  ({ test, ada } = await startConnected());
  const { data } = await ada.graphql(`{ connection(where: { slug: "test" }) { id } }`);
  services = await openServices(test.config, test.clock, createLog("silent"));
  return (action, id = data.connection.id) => actOnConnection(services, test.config, action, id);
}

it("an operator sees how a connection is, and no token", async () => {
  const act = await start();
  const text = formatConnection(await act("show"));
  for (const line of [/^connector +test$/m, /^user +ada$/m, /^state +enabled$/m, /^health +working$/m, /^scopes +read write$/m])
    expect(text).toMatch(line);
  const shown = `${text}${JSON.stringify(await act("refresh"))}`;
  expect(test.provider.liveAccessTokens().some((token) => shown.includes(token))).toBe(false);
});

it("an operator disables and enables a connection beside a running gateway, which hears of it", async () => {
  const act = await start();
  const { value } = await askToken(ada);
  expect(formatConnection(await act("disable"))).toContain("disabled since 2026-01-01T00:00:00.000Z");
  await expect.poll(async () => (await askToken(ada)).__typename).toBe("TokenWithheld");
  expect(formatConnection(await act("enable"))).toMatch(/^state +enabled$/m);
  await expect.poll(async () => (await askToken(ada)).value).toBe(value);
});

it("an operator refreshes and disconnects a connection, and is told what became of it", async () => {
  const act = await start();
  expect(formatConnection(await act("refresh"))).toMatch(/^refresh +refreshed: The Test connection has a new token\.$/m);
  expect(await act("refresh")).toMatchObject({ status: "still_fresh" });
  expect(refreshRequests(test)).toHaveLength(1);
  expect(formatConnection(await act("disconnect"))).toMatch(/^state +not connected$/m);
  expect(test.provider.revocations).toHaveLength(1);
});

it("an operator is told that there is no such connection", async () => {
  const act = await start();
  await expect(act("disable", "nothing")).rejects.toThrow("No connection has this id");
});
