import { afterEach, describe, expect, it } from "vitest";
import { databaseKinds } from "./support/databases.ts";
import type { Misbehaviour } from "./support/misbehaviour.ts";
import { COOKIES, startTestApp, type TestApp, type TestUser } from "./support/test-app.ts";

let test: TestApp;
afterEach(() => test?.close());

const HOUR_MS = 3_600_000;
const TOKEN = `query ($rejected: String) { accessToken(where: { slug: "test" }, rejected: $rejected) { __typename ... on AccessToken { value fingerprint } ... on TemporarilyUnavailable { message retryAfter } ... on ReconnectRequired { message connection { authorization { errorCode errorMessage } } } ... on ConnectorMisconfigured { message } } }`;
const DISCONNECT = `mutation { disconnect(where: { slug: "test" }) { id } }`;
const CONNECT = `mutation { connect(slug: "test") { authorization { id authorizeUrl } } }`;

/** What a provider could have put back into its answers: everything it was sent. */
const echo = (secrets: readonly string[]): Misbehaviour => ({
  status: 400,
  body: { error: "try_again", error_description: `Could not use ${secrets.join(" and ")}.` },
});

/** Collects every text that leaves the gateway, and every secret that must not be in it. */
function createWitness() {
  const texts: { where: string; text: string }[] = [];
  const secrets = new Map<string, string>();
  return {
    texts,
    secrets,
    keep: (name: string, secret: string | null | undefined) => void (secret && secrets.set(secret, name)),
    async see(where: string, response: Response): Promise<string> {
      const text = await response.clone().text();
      // Cookies and the way to the provider are where session, browser and state belong.
      texts.push({ where, text });
      return text;
    },
    /** Which secrets are where they must not be. */
    leaks(lines: readonly string[]): string[] {
      const all = [...texts, ...lines.map((text) => ({ where: `log: ${text.slice(0, 120)}`, text }))];
      return [...secrets].flatMap(([secret, name]) =>
        all.filter(({ text }) => formsOf(secret).some((form) => text.includes(form))).map(({ where }) => `${name} in ${where}`),
      );
    },
  };
}

/** As it is, in a URL, in JSON and in base64. */
const formsOf = (secret: string): string[] => [
  ...new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), Buffer.from(secret).toString("base64")]),
];

describe.each(databaseKinds)("over a long life with many failures, on %s", (database) => {
  it("no secret is logged, or shown in an answer or page that is not meant to hold it", { timeout: 60_000 }, async () => {
    const witness = createWitness();
    test = await startTestApp({ database, env: { XKIT_PROVIDER_TIMEOUT_MS: "150" }, provider: { recordSecrets: true } });
    const { provider, clock } = test;
    const ada = await test.signIn("ada");
    witness.keep("session cookie", ada.browser.cookie(COOKIES.session.name));

    const asked = async (user: TestUser, query: string, variables: object = {}) => {
      const bearer = await user.bearer();
      witness.keep("user token", bearer);
      const headers = { "content-type": "application/json", authorization: `Bearer ${bearer}` };
      const response = await user.browser.fetch("/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables }) });
      return response;
    };
    /** An answer that may hold the current access token, and nothing else. */
    const token = async (rejected: string | null = null) => {
      const answer = await (await asked(ada, TOKEN, { rejected })).json();
      const text = JSON.stringify(answer, (name, value: unknown) => (name === "value" ? undefined : value));
      witness.texts.push({ where: "accessToken without its value", text });
      return answer.data?.accessToken;
    };
    const visit = async (where: string, path: string, init?: RequestInit) => {
      const response = await ada.browser.fetch(path, init);
      await witness.see(where, response);
      return response;
    };
    const start = async () => {
      const started = await ada.browser.fetch("/connect/test");
      const url = new URL(started.headers.get("location") ?? "");
      witness.keep("state", url.searchParams.get("state"));
      for (const [, value] of ada.browser.cookies(COOKIES.attempt.beginning)) witness.keep("attempt cookie", value);
      return provider.authorize(url);
    };

    // Connecting that fails in all ways, and then succeeds.
    provider.controls.denyNext("access_denied", "The person said no");
    await visit("denied", (await start()).href);
    const failures: Misbehaviour[] = [{ status: 500, body: "boom" }, "cut", "huge", "redirect", "hang", { status: 200, body: "<html>" }];
    for (const misbehaviour of failures) {
      provider.controls.next(misbehaviour);
      await visit(`exchange: ${JSON.stringify(misbehaviour)}`, (await start()).href);
    }
    const echoing = await start();
    const { state = "", code = "" } = Object.fromEntries(echoing.searchParams);
    provider.controls.next(echo([state, code, provider.client.clientSecret ?? ""]));
    await visit("exchange: echo", echoing.href);
    await visit("callback twice", echoing.href);
    const mixedUp = await start();
    mixedUp.searchParams.set("iss", "https://evil.example");
    await visit("mix-up", mixedUp.href);
    await visit("callback at another connector", mixedUp.href.replace("/callback/test", "/callback/other"));
    const stranger = await start();
    await witness.see("another browser", await (await test.signIn("eve")).browser.fetch(stranger.href));
    await visit("connected", (await start()).href);
    const first = await token();
    expect(first.__typename).toBe("AccessToken");

    // Refreshes that fail in all ways, and then succeed.
    for (const misbehaviour of failures) {
      clock.advance(HOUR_MS);
      provider.controls.always(misbehaviour);
      expect((await token()).__typename).toBe("TemporarilyUnavailable");
    }
    provider.controls.always(null);
    const sent = () => provider.tokenRequests.at(-1)?.params["refresh_token"] ?? "";
    clock.advance(HOUR_MS);
    provider.controls.next(echo([sent(), provider.client.clientSecret ?? "", first.value]));
    await token();
    clock.advance(HOUR_MS);
    provider.controls.next({
      status: 401,
      body: { error: "invalid_client", error_description: `Unknown: ${provider.client.clientSecret}` },
    });
    expect((await token()).__typename).toBe("ConnectorMisconfigured");
    clock.advance(HOUR_MS);
    const second = await token();
    expect(second.__typename).toBe("AccessToken");
    await token(second.fingerprint);

    // Bad bearers, bad input, everything else that answers.
    const bad = { "content-type": "application/json", authorization: `Bearer ${await ada.bearer()}x` };
    await visit("bad bearer", "/graphql", { method: "POST", headers: bad, body: JSON.stringify({ query: TOKEN }) });
    await witness.see("token as fingerprint", await asked(ada, TOKEN, { rejected: second.value.slice(0, 10) }));
    await witness.see("token for a slug", await asked(ada, `{ connectionToken(where: { slug: "${"A".repeat(70)}" }) }`));
    await witness.see(
      "status",
      await asked(ada, `{ connections { id enabled authorization { id status errorCode errorMessage displayLabel authorizeUrl } } }`),
    );
    for (const path of ["/", "/nothing", "/healthz", "/readyz", "/connectors/test", "/callback/test", "/callback/test?state=x&code=y"])
      await visit(path, path);

    // Begun through GraphQL: the state belongs into authorizeUrl, and nowhere else.
    const begun = await (await asked(ada, CONNECT)).json();
    witness.keep("state", new URL(begun.data.connect.authorization.authorizeUrl).searchParams.get("state"));

    // The end: revoked at the provider, an unreachable provider, a secret that does not open.
    clock.advance(HOUR_MS);
    provider.controls.revokeGrants();
    expect((await token()).__typename).toBe("ReconnectRequired");
    await visit("mended", (await start()).href);
    await witness.see("disconnect", await asked(ada, DISCONNECT));
    await visit("connected again", (await start()).href);
    await provider.close();
    clock.advance(HOUR_MS);
    await token();
    await witness.see("disconnect of a provider that is away", await asked(ada, DISCONNECT));

    for (const secret of provider.issuedSecrets)
      witness.keep(secret === provider.client.clientSecret ? "client secret" : `provider's ${secret.split("_")[0]}`, secret);
    for (const { params } of provider.tokenRequests) witness.keep("verifier", params["code_verifier"]);
    for (const { secret } of test.config.sealingKeys ?? []) {
      for (const encoding of ["base64", "base64url", "hex"] as const) witness.keep("sealing key", secret.toString(encoding));
    }
    expect(new Set([...witness.secrets.values()].map((name) => name.split(" ").at(-1)))).toEqual(
      new Set(["cookie", "token", "state", "code", "access", "refresh", "secret", "verifier", "key"]),
    );
    expect(test.logged.length).toBeGreaterThan(40);
    expect(witness.leaks(test.logged)).toEqual([]);
  });
});
