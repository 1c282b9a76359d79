/** The operator's page where another upstream than the vault has the connections. */
import { expect, it } from "vitest";
import { createBrowser } from "../../test/support/browser.ts";
import { createTestDatabase } from "../../test/support/databases.ts";
import { type Front, startFront } from "../../test/support/in-front.ts";
import { nangoEnvironment, startNangoWorld } from "../../test/support/nango.ts";
import { formOf, inServices } from "../../test/support/operator.ts";
import { createTestConfig, PUBLIC_URL } from "../../test/support/test-app.ts";
import { type App, createApp } from "../app.ts";
import { createLog } from "../runtime/log.ts";

const paths = ["", "/connections", "/keys", "/webhooks", "/audit", "/sealing"];

/** Signs in, and reads every part. */
async function readAll(app: Pick<App, "fetch">, [publishable = "", secret = ""]: readonly string[]): Promise<Record<string, string>> {
  const browser = createBrowser(app, PUBLIC_URL);
  expect((await browser.fetch("/admin/session", formOf({ publishable, secret }))).status).toBe(303);
  const pages: Record<string, string> = {};
  for (const path of paths) {
    const answer = await browser.fetch(`/admin${path}`);
    expect([path, answer.status]).toEqual([path, 200]);
    pages[path] = await answer.text();
  }
  return pages;
}

async function keyOf(front: Front): Promise<string[]> {
  const { basic } = await front.createKey();
  return Buffer.from(basic.slice("Basic ".length), "base64").toString("utf8").split(":");
}

it("shows the connectors of another gateway, and says what that does not tell", async () => {
  const front = await startFront();
  const pages = await readAll(front.app, await keyOf(front));
  expect(pages[""]).toContain("<code>test</code>");
  expect(pages[""]).toContain("does not say how many there are");
  expect(pages["/connections"]).toContain("cannot list all of them");
});

it("shows Nango's integrations, and says that it has no list of all connections", async () => {
  const world = await startNangoWorld();
  const database = await createTestDatabase("sqlite");
  const config = createTestConfig(world.provider, database, { file: { connectors: [] }, env: nangoEnvironment(world) });
  const app = await createApp(config, { clock: world.clock, log: createLog("silent") });
  const { id, secret } = await inServices({ config, clock: world.clock }, ({ auth }) => auth.apiKeys.create(null));
  const pages = await readAll(app, [id, secret]);
  expect(pages[""]).toContain("<code>test</code>");
  expect(pages["/webhooks"]).toContain("No webhook is configured");
  await app.close();
  await world.close();
  await database.drop();
});
