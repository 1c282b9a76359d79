/** What Nango keeps of a connection, and what of it is shown. */
import { describe, expect, it } from "vitest";
import { openNango } from "../../../test/support/nango.ts";

const anyToken = { minimumTtl: null, rejected: null, verify: null };
const SLACK = { slug: "slack" };
const connectors = [
  {
    slug: "slack",
    name: "Slack",
    integration: "test",
    metadata: {
      team: "connection_config:team.id",
      size: "metadata:size",
      none: "metadata:none",
    },
  },
];
const TOKEN = "planted-access-token";
const HOST = "https://acme.slack.example";
const credentials = {
  type: "OAUTH2",
  access_token: TOKEN,
  raw: { scope: "read", host: HOST, authed_user: { access_token: "planted-user-token" } },
};
const connectionConfig = { "team.id": "T1", "incoming_webhook.url": "https://hooks.example/planted-hook", other: "planted-other" };

async function open(more: Record<string, unknown> = {}) {
  const world = await openNango({ connectors });
  const kept = { metadata: { size: 3, internal: "planted-internal" }, connectionConfig: { ...connectionConfig, ...more } };
  world.nango.controls.addConnection({ providerConfigKey: "test", tags: { end_user_id: "ada" }, credentials, ...kept });
  const server = world.adapter.forPlatform().connectionsOf({ kind: "user", id: "ada" });
  return { ...world, ada: world.connectionsOf("ada"), server };
}

describe("a connection's metadata", () => {
  it("is what the operator has named: the platform's own from the list, Nango's once a token was read", async () => {
    const { ada, server } = await open();
    const size = { name: "size", value: "3" };
    for (const connections of [ada, server]) expect((await connections.find(SLACK))?.metadata).toEqual([size]);
    const team = { name: "team", value: "T1" };
    expect(await ada.accessToken(SLACK, anyToken)).toMatchObject({ type: "AccessToken", connection: { metadata: [team, size] } });
    for (const connections of [ada, server]) expect((await connections.find(SLACK))?.metadata).toEqual([team, size]);
  });

  it("is kept while no token can be read", async () => {
    const { ada, nango, clock } = await open();
    await ada.accessToken(SLACK, anyToken);
    clock.advance(60_000);
    nango.controls.next({ status: 400, body: { error: { code: "invalid_credentials" } } });
    await ada.accessToken(SLACK, anyToken);
    expect((await ada.find(SLACK))?.metadata).toContainEqual({ name: "team", value: "T1" });
  });

  it.each([
    ["a token", TOKEN],
    ["what holds a token", `https://api.example/?token=${TOKEN}`],
    ["another token of the same answer", "planted-user-token"],
    ["no text", { id: "T1" }],
    ["longer than 2,048 bytes", "x".repeat(2_049)],
  ])("is never %s", async (_what, value) => {
    const { ada } = await open({ "team.id": value });
    const outcome = await ada.accessToken(SLACK, anyToken);
    const { metadata } = outcome.type === "AccessToken" ? outcome.connection : {};
    expect(metadata).toEqual([{ name: "size", value: "3" }]);
    expect(JSON.stringify(await ada.list(null))).not.toContain("planted");
  });

  it("may be what the provider has said beside the token", async () => {
    const { ada } = await open({ "team.id": HOST });
    const outcome = await ada.accessToken(SLACK, anyToken);
    expect(outcome).toMatchObject({
      connection: {
        metadata: [
          { name: "team", value: HOST },
          { name: "size", value: "3" },
        ],
      },
    });
  });

  it("is nothing where the operator has named nothing", async () => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    await world.connect(ada, "single");
    expect((await ada.find({ slug: "single" }))?.metadata).toEqual([]);
  });
});
