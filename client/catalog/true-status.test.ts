/** What the catalog says of a connection that is the team's, or that does not work, in a real Chromium before the real gateway. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parseConfig } from "../../gateway/config/config.ts";
import { systemClock } from "../../gateway/runtime/clock.ts";
import { createLog } from "../../gateway/runtime/log.ts";
import { openServices } from "../../gateway/services.ts";
import { basicOf } from "../../test/support/caller.ts";
import { type Acme, connectFrom, look, signedInAs, startAcme } from "../../test/support/client/catalog-pages.ts";
import { answerConsent } from "../../test/support/client/chromium.ts";

vi.setConfig({ testTimeout: 60_000 });

let acme: Acme;
beforeAll(async () => void (acme = await startAcme()));
afterAll(() => acme.stop());

const TOKEN = `query ($rejected: String) { accessToken(where: { slug: "calendar" }, rejected: $rejected) { __typename ... on AccessToken { fingerprint } } }`;

/** What a server with an API key of the gateway sends. */
async function serverHeaders({ env }: Acme["gateway"]): Promise<Record<string, string>> {
  const services = await openServices(parseConfig(env, null), systemClock, createLog("silent"));
  const key = await services.auth.apiKeys.create(null);
  await services.close();
  return { authorization: basicOf(key), "content-type": "application/json" };
}

test("a connection that a server disables is shown so at once, with who can mend it, and can be disconnected", async () => {
  const { page, context } = await acme.open("/connectors/calendar", { userId: "eve" });
  await connectFrom(page, "Calendar");
  const ask = await signedInAs(context, acme.gateway);
  const { id } = (await ask(`{ connection(where: { slug: "calendar" }) { id } }`)).connection;
  const query = `mutation { disableConnection(input: { id: "${id}" }) { connection { enabled } } }`;
  const init = { method: "POST", headers: await serverHeaders(acme.gateway), body: JSON.stringify({ query }) };
  expect((await fetch(`${acme.gateway.url}/graphql`, init)).status).toBe(200);
  await page.getByText("This Calendar connection was disabled.").waitFor();
  await page.getByText("Only the people who run this app can enable it again. Please ask them.").waitFor();
  expect(await page.getByText("Does not work right now", { exact: true }).count()).toBe(2);
  expect(await look(page, "connector-disabled")).toEqual([]);
  await page.getByRole("button", { name: /^Reconnect/ }).click();
  await page.getByText(/This Calendar connection was disabled\. Only the people/).waitFor();
  await page.getByRole("button", { name: /^Disconnect/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
  await page.getByRole("button", { name: "Connect Calendar" }).waitFor();
});

describe("a member of a team", () => {
  test("sees that a connection is the team's, who made it, and that disconnecting ends it for everyone", async () => {
    for (const id of ["ada", "ben"]) await acme.gateway.provision(id, { groupId: "team" });
    const { page } = await acme.open("/connectors/drive", { userId: "ada" });
    await page.getByRole("button", { name: "Connect Drive" }).click();
    await answerConsent(page);
    await page.getByText("Your team's account", { exact: true }).waitFor();
    await page.getByText(/connected by you on/).waitFor();
    const { page: bens } = await acme.open("/connectors/drive", { userId: "ben" });
    await bens.getByText("Your team's account", { exact: true }).waitFor();
    await bens.getByText(/connected by Ada on/).waitFor();
    expect(await look(bens, "connector-of-team")).toEqual([]);
    await bens.getByRole("button", { name: /^Disconnect/ }).click();
    await bens.getByText("This is your team's connection: it ends for everyone in the team.").waitFor();
    expect(await look(bens, "connector-of-team-disconnect")).toEqual([]);
  });

  test("sees nothing of what another member has tried and not finished", async () => {
    const { page } = await acme.open("/connectors/notes", { userId: "ada" });
    await page.getByRole("button", { name: "Connect Notes" }).click();
    await answerConsent(page, "Deny");
    await page.getByText(/not granted/).waitFor();
    await page.goto(`${acme.gateway.url}/connectors/notes`);
    await page.getByText("Access to Notes was not granted.").waitFor();
    const { page: bens } = await acme.open("/connectors/notes", { userId: "ben" });
    await bens.getByRole("button", { name: "Connect Notes" }).waitFor();
    expect(await bens.getByText("Access to Notes was not granted.").count()).toBe(0);
  });
});

test("a connection whose provider is away is shown so, with since when, before one's eyes", async () => {
  const other = await startAcme();
  try {
    const { page, context } = await other.open("/connectors/calendar", { userId: "ada" });
    await connectFrom(page, "Calendar");
    await page.getByText("Connected as ada@example.test").waitFor();
    const ask = await signedInAs(context, other.gateway);
    const { accessToken } = await ask(TOKEN);
    await other.gateway.provider.close();
    expect(await ask(TOKEN, { rejected: accessToken.fingerprint })).toMatchObject({
      accessToken: { __typename: "TemporarilyUnavailable" },
    });
    await page.getByText("Calendar is not available right now.").waitFor();
    await page.getByText(/^Since /).waitFor();
    expect(await page.getByText("Not available right now", { exact: true }).count()).toBe(2);
    expect(await page.getByText("Until it is disconnected.").count()).toBe(0);
    expect(await look(page, "connector-unavailable")).toEqual([]);
  } finally {
    await other.stop().catch(() => {});
  }
});
