/** Authorization requests that are pushed (RFC 9126), before an authorization server that is not ours. */
import { afterEach, describe, expect, it } from "vitest";
import { findingsOf } from "../commands/connector-findings.ts";
import { connectorSchema } from "../providers/connector.ts";
import { OIDC_CLIENT_ID, startOidcProvider, type TestOidcProvider } from "../../test/support/oidc-provider.ts";
import { APP_ORIGIN, startHttpsGateway } from "../../test/support/https-gateway.ts";
import { ask, PUBLIC_URL, type Send, startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askToken } from "../../test/support/vault.ts";

let oidc: TestOidcProvider;
let test: TestApp | null = null;
afterEach(async () => {
  await test?.close();
  test = null;
  await oidc.close();
});

const PAR = "/request";
const SECRET = "a-shared-secret";
const PLANTED = "planted words of the provider's";
const client = { token_endpoint_auth_method: "client_secret_post", client_secret: SECRET } as const;

const writtenFor = (facts: Record<string, unknown>) => ({
  slug: "oidc",
  name: "Oidc",
  provider: {
    ...oidc.facts,
    client_authentication: "post",
    pushed_authorization_request_endpoint: `${oidc.issuer}${PAR}`,
    par: true,
    ...facts,
  },
  client_id: OIDC_CLIENT_ID,
  client_secret: SECRET,
});

async function start(facts: Record<string, unknown> = {}, options: TestAppOptions = {}): Promise<TestUser> {
  oidc = await startOidcProvider({ client, requiresPushed: true });
  test = await startTestApp({ connectors: [writtenFor(facts)], ...options });
  return test.signIn("ada");
}

const locationOf = (response: Response): URL => new URL(response.headers.get("location") ?? "");
const begin = async ({ browser }: TestUser): Promise<URL> => locationOf(await browser.fetch("/connect/oidc"));

const CONNECT = `mutation { connect(slug: "oidc") { authorization { authorizeUrl } } }`;
const where = { slug: "oidc" };

describe("a provider that takes pushed requests alone", () => {
  it("has the whole request pushed, and a reference to it in the browser", async () => {
    const ada = await start();
    const url = await begin(ada);
    const [pushed] = oidc.requestsTo(PAR);
    expect(Object.fromEntries(pushed ?? [])).toEqual({
      response_type: "code",
      client_id: OIDC_CLIENT_ID,
      client_secret: SECRET,
      redirect_uri: `${PUBLIC_URL}/callback/oidc`,
      scope: "openid email offline_access",
      prompt: "consent",
      state: expect.any(String),
      code_challenge: expect.any(String),
      code_challenge_method: "S256",
    });
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: OIDC_CLIENT_ID,
      request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:/),
    });
    expect((await ada.browser.fetch((await oidc.authorize(url)).href)).status).toBe(200);
    expect((await askToken(ada, { where })).__typename).toBe("AccessToken");
  });

  it("is given a new request each time that connecting is started, as a reference ends soon", async () => {
    const ada = await start();
    const [first, second] = [await begin(ada), await begin(ada)];
    expect(second.searchParams.get("request_uri")).not.toBe(first.searchParams.get("request_uri"));
    expect((await ada.browser.fetch((await oidc.authorize(second)).href)).status).toBe(200);
  });

  it("is pushed nothing for a page that is sent to a link of ours first", async () => {
    oidc = await startOidcProvider({ client, requiresPushed: true });
    const gateway = await startHttpsGateway({ connectors: [writtenFor({})] });
    const authorization = `Bearer ${(await gateway.app.provisionUser({ id: "ada" })).token}`;
    const fetchPage: Send = (path, init) => gateway.app.fetch(new Request(`https://${gateway.domain}${path}`, init));
    const headers = { authorization, origin: APP_ORIGIN, "sec-fetch-site": "cross-site" };
    const { data } = await ask(fetchPage, CONNECT, {}, headers);
    await gateway.close();
    expect(data.connect.authorization.authorizeUrl).toMatch(/\/continue\?token=/);
    expect(oidc.requestsTo(PAR)).toHaveLength(0);
  });

  it("has its name for the client id in what is pushed, and in the browser", async () => {
    const ada = await start({ client_id_param: "client_key" });
    oidc.answerNext(PAR, 201, { request_uri: "urn:example:1", expires_in: 60 });
    const url = await begin(ada);
    expect(oidc.requestsTo(PAR)[0]?.get("client_key")).toBe(OIDC_CLIENT_ID);
    expect(oidc.requestsTo(PAR)[0]?.has("client_id")).toBe(false);
    expect(Object.fromEntries(url.searchParams)).toEqual({ client_key: OIDC_CLIENT_ID, request_uri: "urn:example:1" });
  });
});

describe("a pushed request that is refused", () => {
  const errors = [{ on: "authorize", match: "tenant_asleep", means: "temporary" }];
  const described = (error: string) => ({ error, error_description: PLANTED });
  it.each([
    ["invalid_client", 401, described("invalid_client"), "CONNECTOR_MISCONFIGURED", 502],
    ["invalid_request", 400, described("invalid_request"), "CONNECTOR_MISCONFIGURED", 502],
    ["access_denied", 403, described("access_denied"), "FORBIDDEN", 403],
    ["a code of the provider's own, by its rule", 400, described("tenant_asleep"), "TEMPORARILY_UNAVAILABLE", 503],
    ["an outage", 500, described("invalid_client"), "TEMPORARILY_UNAVAILABLE", 503],
    ["a 401 without a code", 401, {}, "CONNECTOR_MISCONFIGURED", 502],
    ["an answer without a reference", 201, { expires_in: 60 }, "TEMPORARILY_UNAVAILABLE", 503],
    ["a reference that is too long", 201, { request_uri: `urn:${"x".repeat(3_000)}`, expires_in: 60 }, "TEMPORARILY_UNAVAILABLE", 503],
  ])("is told by a code and a page, without the provider's words: %s", async (_name, status, body, code, pageStatus) => {
    const ada = await start({ errors });
    oidc.answerNext(PAR, status, body);
    oidc.answerNext(PAR, status, body);
    const answer = await ada.graphql(CONNECT);
    expect(answer.errors).toMatchObject([{ extensions: { code } }]);
    const page = await ada.browser.fetch("/connect/oidc");
    expect(page.status).toBe(pageStatus);
    expect(`${await page.text()}${JSON.stringify(answer.errors)}`).not.toContain(PLANTED);
    expect((await ada.browser.fetch("/connect/oidc")).status).toBe(303);
    expect(test?.logged.join("\n")).not.toContain(SECRET);
  });

  it("is refused in the form that was sent, which may be sent again", async () => {
    const variables = [{ name: "team", may: "param" }];
    const ada = await start({ variables, authorization_params: { prompt: "consent", team: "{team}" } });
    const form = await begin(ada);
    const send = () =>
      ada.browser.fetch(form.href, {
        method: "POST",
        headers: { origin: PUBLIC_URL, "content-type": "application/x-www-form-urlencoded" },
        body: "team=red",
      });
    oidc.answerNext(PAR, 503, {});
    expect((await send()).status).toBe(503);
    const sent = await send();
    expect(locationOf(sent).searchParams.has("request_uri")).toBe(true);
    expect(oidc.requestsTo(PAR).map((params) => params.get("team"))).toEqual(["red", "red"]);
  });
});

describe("the findings about a connector whose requests are pushed", () => {
  const find = (facts: Record<string, unknown>) =>
    findingsOf(connectorSchema.parse(writtenFor(facts)), { publicUrl: PUBLIC_URL, timeoutMs: 5_000 });

  it("tell whether the provider takes one", async () => {
    oidc = await startOidcProvider({ client });
    expect(await find({})).toContainEqual({
      level: "ok",
      text: `the provider accepts pushed authorization requests at ${oidc.issuer}${PAR}`,
    });
    oidc.answerNext(PAR, 400, { error: "invalid_request" });
    expect(await find({})).toContainEqual({
      level: "error",
      text: `the provider refuses pushed authorization requests at ${oidc.issuer}${PAR} (invalid_request)`,
    });
  });

  it("tell that the provider takes no others", async () => {
    oidc = await startOidcProvider({ client, requiresPushed: true });
    expect(await find({ par: false })).toContainEqual({
      level: "error",
      text: "the provider accepts only pushed authorization requests: set par in its facts",
    });
  });
});
