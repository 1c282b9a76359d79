/** The operator's page in a real Chromium, before the real gateway: each page in light and dark, on a wide screen and on a phone. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Acme, connectFrom, look, signedInAs, startAcme, type Visit } from "../../test/support/client/catalog-pages.ts";
import { parseConfig } from "../config/config.ts";
import { systemClock } from "../runtime/clock.ts";
import { createLog } from "../runtime/log.ts";
import { openServices, type Services } from "../services.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

/** A port that nothing listens on. */
const webhook = {
  name: "backend",
  url: "http://127.0.0.1:9/events?key=of-the-receiver",
  events: ["connection.enabled", "connection.errored"] as const,
  secrets: [Buffer.alloc(32, 1)],
  allowsPrivate: true,
};

let acme: Acme;
beforeAll(async () => void (acme = await startAcme({ webhooks: [webhook] })));
afterAll(() => acme.stop());

async function inServices<Answer>(act: (services: Services) => Promise<Answer>): Promise<Answer> {
  const services = await openServices(parseConfig(acme.gateway.env, null), systemClock, createLog("silent"));
  try {
    return await act(services);
  } finally {
    await services.close();
  }
}

/** A connection of ada's that works, another one whose grant has ended, and an event that was given up. */
async function fill(): Promise<void> {
  const { page, context } = await acme.open("/connectors/calendar", { userId: "ada" });
  await connectFrom(page, "Calendar");
  await page.goto(`${acme.gateway.url}/connectors/chat`);
  await connectFrom(page, "Chat");
  const ask = await signedInAs(context, acme.gateway);
  const { id } = (await ask(`{ connection(where: { slug: "chat" }) { id } }`)).connection;
  await context.close();
  await inServices(async ({ database, auth }) => {
    await auth.apiKeys.revoke((await auth.apiKeys.create("the one before")).id);
    const broken = {
      status: "error",
      error_code: "invalid_grant",
      error_message: "The provider refused the grant.",
      health_changed_at: 0,
    } as const;
    await database.query.updateTable("authorizations").set(broken).where("connection_id", "=", id).execute();
    await database.query.updateTable("deliveries").set({ dead_at: Date.now(), attempts: 8, outcome: "unreachable" }).execute();
  });
}

async function signIn({ page }: Visit): Promise<void> {
  const { id, secret } = await inServices(({ auth }) => auth.apiKeys.create("operator"));
  await page.getByLabel("Publishable key").fill(id);
  await page.getByLabel("Secret key").fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
}

const parts = [
  ["Connectors", "admin-connectors"],
  ["Connections", "admin-connections"],
  ["API keys", "admin-keys"],
  ["Webhooks", "admin-webhooks"],
  ["Audit", "admin-audit"],
  ["Sealing keys", "admin-sealing"],
] as const;

test("an operator types a key, looks at each page, refreshes and disconnects a connection, and signs out", async () => {
  await fill();
  const visit = await acme.open("/admin");
  const { page, context, complaints } = visit;
  expect(await look(page, "admin-sign-in")).toEqual([]);
  await page.getByLabel("Publishable key").fill("pk_wrong");
  await page.getByLabel("Secret key").fill("sk_wrong");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "unknown, wrong or revoked" }).waitFor();
  expect(await look(page, "admin-refused")).toEqual([]);
  await signIn(visit);
  await page.getByRole("heading", { name: "Connectors" }).waitFor();
  await expect.poll(async () => (await page.reload(), page.getByText("1 reconnect required: invalid_grant 1").count())).toBe(1);
  for (const [name, picture] of parts) {
    await page.getByRole("link", { name, exact: true }).first().click();
    await page.getByRole("heading", { name, level: 1, exact: true }).waitFor();
    expect(await look(page, picture)).toEqual([]);
  }
  expect(await page.content()).not.toContain("of-the-receiver");

  await page.getByRole("link", { name: "Connections", exact: true }).click();
  await page.getByLabel("Health").selectOption("reconnect_required");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("link", { name: /^Chat, connection/ }).click();
  await page.getByText("Chat no longer accepts this connection.").waitFor();
  expect(await look(page, "admin-connection-broken")).toEqual([]);
  await page.goto(`${acme.gateway.url}/admin/connections?connector=calendar`);
  await page.getByRole("link", { name: /^Calendar, connection/ }).click();
  await page.getByRole("button", { name: "Refresh now" }).click();
  await page.getByRole("status").filter({ hasText: "There is a new token." }).waitFor();
  expect(await look(page, "admin-connection")).toEqual([]);
  await page.getByRole("link", { name: "Disconnect…" }).click();
  expect(await look(page, "admin-disconnect")).toEqual([]);
  await page.getByRole("button", { name: "Disconnect" }).click();
  await page.getByRole("status").filter({ hasText: "The connection is disconnected." }).waitFor();

  await page.getByRole("link", { name: "API keys", exact: true }).click();
  await page.getByRole("link", { name: /^Revoke pk_/ }).click();
  expect(await look(page, "admin-revoke")).toEqual([]);
  await page.getByRole("link", { name: "Webhooks", exact: true }).click();
  await page.getByRole("button", { name: "Send all dead events again" }).click();
  await page.getByRole("status").filter({ hasText: "sent again" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  expect(await context.cookies()).toEqual([]);
  // The browser tells of each answer of 401.
  expect(complaints.filter((text) => !text.includes("401"))).toEqual([]);
});
