/** `npm run demo`: from a new user to a refreshed token and a revoked grant, over HTTP, without hands. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { createApp } from "../app.ts";
import { parseConfig } from "../config/config.ts";
import { SIGN_IN_PATH } from "../connect/sign-in.ts";
import { startGateway } from "../listen.ts";
import { revokeAtProvider, walkConsent } from "./consent.ts";
import { type Demo, DEMO_SLUG, startDemo } from "./demo.ts";

const ACCESS_TOKEN_SECONDS = 10;

const QUERY = `query Token($slug: ID!, $rejected: String) {
  accessToken(where: { slug: $slug }, rejected: $rejected) {
    __typename
    ... on AccessToken { value expiresAt fingerprint }
    ... on NotConnected { message connectorUrl }
    ... on ReconnectRequired { message reason connectorUrl }
  }
}`;

const answerSchema = z.object({
  data: z.object({
    accessToken: z.object({
      __typename: z.string(),
      value: z.string().optional(),
      expiresAt: z.string().optional(),
      fingerprint: z.string().optional(),
      message: z.string().optional(),
      reason: z.string().optional(),
      connectorUrl: z.string().optional(),
    }),
  }),
});

const say = (text: string) => console.log(text);
const step = (title: string) => say(`\n● ${title}`);

function expect(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`Not as it should be: ${what}`);
  say(`  ✓ ${what}`);
}

async function run(publicUrl: string, bearer: string, { provider }: Demo): Promise<void> {
  const ask = async (rejected: string | null = null) => {
    const response = await fetch(`${publicUrl}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${bearer}` },
      body: JSON.stringify({ query: QUERY, variables: { slug: DEMO_SLUG, rejected } }),
    });
    const { accessToken } = answerSchema.parse(await response.json()).data;
    const { value, ...shown } = accessToken;
    say(`  ${JSON.stringify({ ...shown, ...(value && { value: `${value.slice(0, 4)}…` }) })}`);
    return accessToken;
  };
  const call = async (token = "") => (await fetch(provider.apiUrl, { headers: { authorization: `Bearer ${token}` } })).status;

  step("Ask before connecting");
  say(QUERY.replaceAll(/^/gm, "  │ "));
  expect((await ask()).__typename === "NotConnected", "the answer is NotConnected, with the link that mends it");

  step("Connect: sign in at the provider and consent, as a browser would");
  await connect(publicUrl, bearer);
  const first = await ask();
  expect(first.__typename === "AccessToken", "the answer is an AccessToken");
  expect((await call(first.value)) === 200, "the provider's /me accepts it");

  step(`Let it expire (${ACCESS_TOKEN_SECONDS} s)`);
  await delay(Math.max(0, Date.parse(first.expiresAt ?? "") - Date.now()) + 1_000);
  expect((await call(first.value)) === 401, "/me refuses it now");

  step("Ask again, saying which token was refused");
  const second = await ask(first.fingerprint ?? null);
  expect(second.__typename === "AccessToken" && second.fingerprint !== first.fingerprint, `a new token, fingerprint ${second.fingerprint}`);
  expect((await call(second.value)) === 200, "/me accepts the new one");

  step("Revoke the grant at the provider, and ask again");
  await revokeAtProvider(provider.grantsUrl);
  expect((await call(second.value)) === 401, "/me refuses the token before its expiry");
  const last = await ask(second.fingerprint ?? null);
  expect(last.__typename === "ReconnectRequired", `ReconnectRequired: ${last.connectorUrl}`);
}

/** What a browser does: cookies kept, redirects followed, forms sent. */
async function connect(publicUrl: string, bearer: string): Promise<void> {
  const form = new URLSearchParams({ token: bearer });
  const signedIn = await fetch(`${publicUrl}${SIGN_IN_PATH}`, {
    method: "POST",
    headers: { origin: publicUrl },
    body: form,
    redirect: "manual",
  });
  const session = cookiesOf(signedIn);
  const started = await fetch(`${publicUrl}/connect/${DEMO_SLUG}`, { headers: { cookie: session }, redirect: "manual" });
  const callback = await walkConsent(started.headers.get("location") ?? "");
  const finished = await fetch(callback, { headers: { cookie: `${session}; ${cookiesOf(started)}` }, redirect: "manual" });
  expect(finished.ok, "the callback answers that Demo is connected");
}

const cookiesOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");

const directory = mkdtempSync(join(tmpdir(), "xkit-demo-"));
const environment = { PORT: "0", DATABASE_URL: `file:${join(directory, "xkit.db")}`, LOG_LEVEL: "error" };
let demo: Demo | undefined;
const gateway = await startGateway(parseConfig(environment, null), async (settled) => {
  demo = await startDemo(settled, { accessTokenSeconds: ACCESS_TOKEN_SECONDS });
  return { config: demo.config, app: await createApp(demo.config) };
});
try {
  if (!demo) throw new Error("The demo provider did not start.");
  say(`Gateway ${gateway.config.publicUrl}, provider ${demo.provider.issuer}`);
  const { token } = await gateway.app.provisionUser({ id: "ada", name: "Ada" });
  await run(gateway.config.publicUrl, token, demo);
  say("\nEvery step was as it should be.");
} catch (error) {
  console.error(`\n✗ ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await gateway.stop();
  await demo?.provider.close();
  rmSync(directory, { recursive: true, force: true });
}
