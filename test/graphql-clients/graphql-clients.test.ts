/** The pages about GraphQL clients, as they are written, before a listening gateway. Relay and gql.tada are in the long test. */
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { walkConsent } from "../../gateway/demo/consent.ts";
import { createBrowser, type TestBrowser } from "../support/browser.ts";
import { type HostedGateway, startHostedGateway } from "../support/client/hosted-gateway.ts";
import { blocksOf, FOLDER, writeBlocks } from "../support/code-blocks.ts";

const TYPES = "@xkit-gateway/client/possibleTypes.json";

let gateway: HostedGateway;
beforeAll(async () => {
  gateway = await startHostedGateway();
});
afterAll(async () => {
  await gateway.stop();
  rmSync(fileURLToPath(new URL(`../../${FOLDER}/run`, import.meta.url)), { recursive: true, force: true });
});

/** The modules of a page, in a folder of their own: another test compiles the same pages. */
async function importPage(name: string) {
  const blocks = blocksOf(`docs/clients/${name}.md`).filter(({ text }) => text.startsWith("// "));
  const types = "../../../../../../schema/possibleTypes.json";
  const written = blocks.map((block) => ({ ...block, text: block.text.replace(TYPES, types) }));
  const [first = ""] = writeBlocks(written, `${FOLDER}/run`);
  const load = (file: string) => import(join(dirname(first), file));
  return { ...(await load("client.ts")), ...(await load("token.ts")), ...(await load("changes.ts")) };
}

/** Signs in at the demo provider and consents, as a browser would. */
async function connect(user: TestBrowser): Promise<void> {
  const started = await user.fetch("/connect/demo");
  const callback = await walkConsent(started.headers.get("location") ?? "");
  expect((await user.fetch(callback)).status).toBe(200);
}

describe.each(["urql", "apollo", "graphql-request"])("%s", (name) => {
  it("signs in, is told why there is no token, hears of the connection, and then has one", async () => {
    const { createGatewayClient, getAccessToken, watchConnections } = await importPage(name);
    const [url, id] = [`${gateway.url}/graphql`, `ada-${name}`];
    const getUserToken = () => gateway.provision(id);
    const client = createGatewayClient(url, getUserToken);
    const none = await getAccessToken(client, "demo");
    expect(none).toMatchObject({ __typename: "NotConnected", connectorUrl: `${gateway.url}/connectors/demo` });

    const changes: [slug: string, enabled: boolean][] = [];
    const note = (slug: string, enabled: boolean) => void changes.push([slug, enabled]);
    const stop = name === "graphql-request" ? watchConnections(url, getUserToken, note) : watchConnections(client, note);
    const browser = createBrowser({ fetch: (request) => fetch(request, { redirect: "manual" }) }, gateway.url);
    await browser.signIn(await getUserToken());
    // The subscription may begin after the first change.
    await expect
      .poll(async () => {
        await connect(browser);
        return changes.at(-1);
      })
      .toEqual(["demo", true]);
    stop();

    const token = await getAccessToken(client, "demo");
    expect(token.__typename).toBe("AccessToken");
    const answer = await fetch(gateway.provider.apiUrl, { headers: { authorization: `Bearer ${token.value}` } });
    expect(answer.status).toBe(200);
  });
});
