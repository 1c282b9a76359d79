import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { basicOf } from "./support/caller.ts";
import { visit } from "./support/second-gateway.ts";
import { PUBLIC_URL } from "./support/test-app.ts";
import { CONNECT, connect, startFront } from "./support/in-front.ts";

const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        /** The credential that lets its caller in. */
        security: z.array(z.record(z.string(), z.unknown())).transform((schemes) => Object.keys(schemes.at(-1) ?? {})[0] ?? ""),
        responses: z.record(z.string(), z.unknown()),
      }),
    ),
  ),
});

const TOKEN = `{ viewer { id groupId } connectionToken(where: { slug: "test" }) accessToken(where: { slug: "test" }) { __typename } }`;
describe("a gateway before another gateway", () => {
  it("passes a user's bearer on, and hands out the token that the other one holds", async () => {
    const front = await startFront();
    const { token } = await front.second.provision("ada");
    expect((await connect(front, token)).headers.get("location")).toBe(`${front.second.url}/authorizations/done`);
    const { data } = await front.graphql(TOKEN, `Bearer ${token}`);
    expect(data.viewer).toEqual({ id: "ada", groupId: null });
    expect(front.second.provider.liveAccessTokens()).toContain(data.connectionToken);
    expect(data.accessToken.__typename).toBe("AccessToken");
  });

  it("counts the documents of bearers that the other one has not taken as those of one caller", async () => {
    const { app, second } = await startFront();
    const { token } = await second.provision("ada");
    const send = async (query: string, authorization: string | null, isKnown: boolean) => {
      const sha256Hash = createHash("sha256").update(query).digest("hex");
      const body = JSON.stringify({ ...(isKnown ? {} : { query }), extensions: { persistedQuery: { version: 1, sha256Hash } } });
      const headers = { "content-type": "application/json", ...(authorization !== null && { authorization }) };
      return (await app.fetch(new Request(`${PUBLIC_URL}/graphql`, { method: "POST", headers, body }))).text();
    };
    const ofAnyone = "query Shown { platform { name } }";
    const ofAda = "query Own { connections { id } }";
    await send(ofAda, "Bearer made-up-1", false);
    await send(ofAnyone, "Bearer made-up-1", false);
    expect(await send(ofAnyone, "Bearer made-up-2", true)).toContain("data");
    expect(await send(ofAnyone, null, true)).toContain("data");
    const own = `${ofAda} # by ada`;
    expect(await send(own, `Bearer ${token}`, false)).toContain("data");
    expect(await send(own, `Bearer ${token}`, true)).toContain("data");
    expect(await send(own, "Bearer made-up-1", true)).toContain("PERSISTED_QUERY_NOT_FOUND");
    expect(await send(ofAda, `Bearer ${token}`, true)).toContain("PERSISTED_QUERY_NOT_FOUND");
  });

  it("leads to its own page of a connector, where the user is signed in, in every answer", async () => {
    const { second, graphql, browser } = await startFront();
    const authorization = `Bearer ${(await second.provision("ada")).token}`;
    const page = `${PUBLIC_URL}/connectors/test`;
    const outcome = `accessToken(where: { slug: "test" }) { ... on NotConnected { connectorUrl } ... on ReconnectRequired { connectorUrl } }`;
    expect((await graphql(`{ ${outcome} }`, authorization)).data.accessToken).toEqual({ connectorUrl: page });
    const missing = await browser.fetch("/api/platform_user/connections/test", { headers: { authorization } });
    expect(await missing.json()).toMatchObject({ code: "NOT_CONNECTED", connector_url: page });
    expect((await graphql(CONNECT, authorization)).data.connect.connectorUrl).toBe(page);
    expect((await graphql(`{ ${outcome} }`, authorization)).data.accessToken).toEqual({ connectorUrl: page });
  });

  it("shows the other one's catalog and pages, even to anonymous visitors", async () => {
    const { graphql } = await startFront();
    const { data } = await graphql(`
      {
        viewer {
          id
        }
        platform {
          name
        }
        connectors {
          slug
          connectorUrl
        }
        connector(slug: "nope") {
          slug
        }
      }
    `);
    expect(data).toEqual({
      viewer: null,
      platform: { name: "Acme" },
      connectors: [{ slug: "test", connectorUrl: `${PUBLIC_URL}/connectors/test` }],
      connector: null,
    });
  });

  it("answers UNAUTHENTICATED for a bearer that the other one refuses, from each field that needs it", async () => {
    const { graphql, second } = await startFront();
    for (const bearer of ["nonsense", (await second.provision("ada")).token + "x"]) {
      const { errors } = await graphql(
        `
          {
            connections {
              id
            }
          }
        `,
        `Bearer ${bearer}`,
      );
      expect(errors).toMatchObject([{ extensions: { code: "UNAUTHENTICATED" } }]);
    }
    const { token } = await second.provision("ada");
    second.clock.advance(3_600_000);
    expect((await graphql(TOKEN, `Bearer ${token}`)).errors[0]?.extensions.code).toBe("UNAUTHENTICATED");
  });

  it("answers 401 where the refused bearer is all that was wrong, and 200 without a bearer", async () => {
    const { graphql } = await startFront();
    const refused = await graphql(TOKEN, "Bearer nonsense");
    expect({ status: refused.status, challenge: refused.headers.get("www-authenticate") }).toEqual({ status: 401, challenge: "Bearer" });
    expect(JSON.stringify(refused.errors)).not.toContain("http");
    expect((await graphql("{ platform { name } }", "Bearer nonsense")).status).toBe(200);
    expect((await graphql("{ connections { id } }")).status).toBe(200);
  });

  it("refuses a malformed credential without a request to the other one", async () => {
    const { graphql } = await startFront();
    for (const authorization of ["Bearer", "Bearer a, b", "Bearer a b", "Digest x"])
      expect(
        await graphql(
          `
            {
              platform {
                name
              }
            }
          `,
          authorization,
        ),
      ).toMatchObject({ status: 401 });
  });

  it("withholds a group's token, and shows the group's connection", async () => {
    const front = await startFront();
    const { token } = await front.second.provision("ada", "team");
    await connect(front, token);
    const { data } = await front.graphql(
      `{ connection(where: { slug: "test" }) { enabled } connectionToken(where: { slug: "test" }) }`,
      `Bearer ${token}`,
    );
    expect(data).toEqual({ connection: { enabled: true }, connectionToken: null });
    const raw = JSON.stringify((await front.graphql(TOKEN, `Bearer ${token}`)).data);
    expect(raw).toContain("TokenWithheld");
    for (const secret of front.second.provider.issuedSecrets) expect(raw).not.toContain(secret);
  });

  it("keeps no identity beyond the request: a user who is moved into a group loses their own token at once", async () => {
    const front = await startFront();
    const { token } = await front.second.provision("ada");
    await connect(front, token);
    await front.second.provision("ada", "team");
    const { data } = await front.graphql(TOKEN, `Bearer ${token}`);
    expect(data).toEqual({ viewer: { id: "ada", groupId: "team" }, connectionToken: null, accessToken: { __typename: "NotConnected" } });
  });

  it("takes its own API keys, uses the other one's behind them, and revokes them here", async () => {
    const front = await startFront();
    const { token } = await front.second.provision("ada", "team");
    await connect(front, token);
    const { basic, revoke } = await front.createKey();
    const GROUP = `{ group(id: "team") { connectionToken(where: { slug: "test" }) } user(id: "nobody") { id } }`;
    const { data } = await front.graphql(GROUP, basic);
    expect(front.second.provider.liveAccessTokens()).toContain(data.group.connectionToken);
    expect(data.user).toBeNull();
    const { publishable: id, secret } = front.second.keys;
    expect((await front.graphql(GROUP, basicOf({ id, secret }))).status).toBe(401);
    await revoke();
    // Within one turn of the event loop a process looks for others' changes once.
    await nextTurn();
    expect((await front.graphql(GROUP, basic)).status).toBe(401);
  });

  it("provisions users there, whose token signs in here", async () => {
    const front = await startFront();
    const { basic } = await front.createKey();
    const { data } = await front.graphql(`mutation { provisionUser(input: { id: "new", name: "New" }) { token user { id name } } }`, basic);
    expect(data.provisionUser.user).toEqual({ id: "new", name: "New" });
    expect((await front.graphql(`{ viewer { id name } }`, `Bearer ${data.provisionUser.token}`)).data.viewer).toEqual({
      id: "new",
      name: "New",
    });
  });

  it("revokes no tokens of users whom the other gateway signs in, and says where that is done", async () => {
    const front = await startFront();
    const { basic } = await front.createKey();
    const { errors } = await front.graphql(`mutation { revokeUserTokens(input: { id: "ada" }) { user { id } } }`, basic);
    expect(errors[0]).toMatchObject({ message: expect.stringContaining("revoke their tokens there"), extensions: { code: "FORBIDDEN" } });
  });
});

describe("the REST contract before another gateway", () => {
  it("is served over the same upstream: connections, tokens, sessions, servers", async () => {
    const front = await startFront();
    const { token } = await front.second.provision("ada");
    await connect(front, token);
    const headers = { authorization: `Bearer ${token}` };
    const read = async (path: string, init: RequestInit = { headers }) => (await front.browser.fetch(`/api/${path}`, init)).json();
    const { connection } = await read("platform_user/connections/test");
    expect(front.second.provider.liveAccessTokens()).toContain(connection.authorization.access_token);
    expect(await read("platform_user/session")).toEqual({ session: { user: { external_id: "ada", external_group_id: null, name: null } } });
    const { basic } = await front.createKey();
    const theirs = await read("platform/users/ada/connections/test", { headers: { authorization: basic } });
    expect(theirs.connection.authorization.fingerprint).toBe(connection.authorization.fingerprint);
  });

  it("starts connecting by a link, and opens the popup of xkit.js", async () => {
    const front = await startFront();
    const { token } = await front.second.provision("ada");
    const post = (path: string) =>
      front.browser.fetch(`/api/platform_user/${path}`, { method: "POST", headers: { authorization: `Bearer ${token}` } });
    const started = await (await post("connections/test")).json();
    const back = await visit(front.second, started.connection.authorization.authorize_url);
    expect(back.headers.get("location")).toBe(`${PUBLIC_URL}/authorizations/done`);
    expect((await front.browser.fetch("/authorizations/done")).status).toBe(200);
    expect((await post("sessions/ott")).status).toBe(200);
  });

  it("answers 502, as its OpenAPI document says, while the other one is away", async () => {
    const front = await startFront();
    const bearer = { authorization: `Bearer ${(await front.second.provision("ada")).token}` };
    const { basic } = await front.createKey();
    const ask = (method: string, path: string, headers: object) =>
      front.browser.fetch(path, { method, headers: { ...headers }, ...(method.startsWith("P") && { body: "{}" }) });
    const json = { "content-type": "application/json" };
    expect((await ask("POST", "/api/platform_user/sessions", { ...bearer, ...json })).status).toBe(200);
    // As that of another tab, which is still there once this one has signed out.
    const session = {
      origin: PUBLIC_URL,
      cookie: front.browser
        .cookies("")
        .map((pair) => pair.join("="))
        .join("; "),
    };
    const { paths } = documentSchema.parse(await (await front.browser.fetch("/api/openapi.json")).json());
    await front.second.close();
    const away: string[] = [];
    for (const [template, methods] of Object.entries(paths))
      for (const [method, { security, responses }] of Object.entries(methods)) {
        const path = template.replaceAll(/\{\w+\}/g, "any-name-or-id");
        const credential = { bearer, sessionCookie: session, keyPair: { authorization: basic } }[security] ?? {};
        const { status } = await ask(method.toUpperCase(), path, { ...credential, ...json });
        expect(Object.keys(responses), `${method} ${template}`).toContain(String(status));
        if (status === 502) away.push(`${method} ${template}`);
      }
    expect(away).toContain("post /api/platform_user/sessions/token");
    // Signing out is possible at any time.
    expect(away).not.toContain("delete /api/platform_user/sessions");
    expect(away.length).toBeGreaterThan(25);
  });
});
