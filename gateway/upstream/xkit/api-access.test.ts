/** Where a provider's API is, and which header carries a token, as an upstream says it. */
import { describe, expect, it } from "vitest";
import { CONNECT, startFront } from "../../../test/support/in-front.ts";
import { asAda, plainConnection, READ_SLACK, sessionOf, SLACK, startScriptedXkit, TOKEN } from "../../../test/support/scripted-xkit.ts";
import { anyToken } from "../../upstream-suite/harness.ts";

/** What is made of a token whose authorization says this beside it. */
async function toldOf(more: Record<string, unknown>) {
  const fake = await startScriptedXkit();
  fake.on("GET /platform_user/session", sessionOf("ada", null));
  const { connection } = plainConnection(TOKEN);
  fake.on(READ_SLACK, { connection: { ...connection, authorization: { ...connection.authorization, ...more } } });
  const outcome = await asAda(fake).accessToken(SLACK, anyToken);
  if (outcome.type !== "AccessToken") throw new TypeError(`There is no token, but ${outcome.type}.`);
  const { apiBaseUrl, authorizationHeader } = outcome;
  return { apiBaseUrl, authorizationHeader };
}

describe("a provider's API", () => {
  it("is not known where the upstream says nothing of it", async () => {
    expect(await toldOf({})).toEqual({ apiBaseUrl: null, authorizationHeader: null });
  });

  it.each([
    ["https://api.example/v1", "https://api.example/v1"],
    ["https://api.example/", "https://api.example"],
    ["http://127.0.0.1:4000/v1", "http://127.0.0.1:4000/v1"],
    ["http://api.example", null],
    ["https://ada:secret@api.example", null],
    ["javascript:alert(1)", null],
    ["/v1", null],
    [`https://api.example/${"x".repeat(2_048)}`, null],
    [7, null],
  ])("is where a token may be sent to: %j", async (api_base_url, apiBaseUrl) => {
    expect(await toldOf({ api_base_url })).toMatchObject({ apiBaseUrl });
  });

  it.each([
    [{ name: "X-Access-Token", value: TOKEN }, true],
    [{ name: "Authorization", value: `Basic ${btoa(`ada:${TOKEN}`)}` }, true],
    [{ name: "X: Y", value: TOKEN }, false],
    [{ name: "X-Y", value: `${TOKEN}\r\nX-Z: z` }, false],
    [{ name: "X-Y", value: "x".repeat(16_385) }, false],
    [{ name: "X-Y" }, false],
    [`X-Y: ${TOKEN}`, false],
  ])("takes a header that a request can have: %j", async (authorization_header, isTaken) => {
    expect(await toldOf({ authorization_header })).toMatchObject({ authorizationHeader: isTaken ? authorization_header : null });
  });
});

describe("scopes that are missing", () => {
  it("are asked for on the page of this gateway's own catalog, whatever link the upstream gives", async () => {
    const fake = await startScriptedXkit();
    fake.on("GET /platform_user/session", sessionOf("ada", null));
    const token_problem = { code: "SCOPES_MISSING", missing_scopes: ["read", "write", "evil"], connector_url: "https://evil.example/" };
    const { connection } = plainConnection(null);
    fake.on(READ_SLACK, { connection: { ...connection, token_problem } });
    const outcome = await asAda(fake).accessToken(SLACK, { ...anyToken, scopes: ["read", "write"] });
    expect(fake.requests).toContain(`${READ_SLACK}?scopes=read+write&authorization_header=true&viewer=true`);
    expect(outcome).toMatchObject({ type: "ScopesMissing", missingScopes: ["read", "write"] });
    const link = new URL("connectorUrl" in outcome ? outcome.connectorUrl : "");
    expect([link.origin, link.pathname]).toEqual(["http://localhost:4000", "/connectors/slack"]);
    expect(Object.fromEntries(link.searchParams)).toEqual({ id: connection.id, scopes: "read write" });
  });
});

describe("connecting at a gateway in front", () => {
  it("tells the provider what is asked for and who is expected", async () => {
    const front = await startFront();
    const { second, graphql } = front;
    const { token } = await second.provision("ada");
    const start = CONNECT.replace(`slug: "test"`, `slug: "test", scopes: ["read"], loginHint: "ada@example.test"`);
    const { data } = await graphql(start, `Bearer ${token}`);
    const link = data.connect.authorization.authorizeUrl;
    const answer = await second.createBrowser().fetch(link, { method: "POST", headers: { origin: second.url } });
    const { searchParams } = new URL(answer.headers.get("location") ?? "");
    expect(Object.fromEntries(searchParams)).toMatchObject({ scope: "read", login_hint: "ada@example.test" });
  });

  it("is refused for a scope that the platform behind does not allow", async () => {
    const { second, graphql } = await startFront();
    const { token } = await second.provision("ada");
    const { errors } = await graphql(CONNECT.replace(`slug: "test"`, `slug: "test", scopes: ["admin"]`), `Bearer ${token}`);
    expect(errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT", path: "scopes" } }]);
  });
});
