import type { Lacks } from "../../gateway/upstream-suite/capabilities.ts";
import { GRANT_MS } from "../../gateway/upstream-suite/harness.ts";
import { singleApi, singleScopes, suiteCatalog } from "./suite-connectors.ts";
import type { UpstreamHarness } from "../../gateway/upstream-suite/harness.ts";
import { type AuthorizationServer, startAuthorizationServer } from "./authorization-server.ts";
import { createManualClock } from "../../gateway/upstream-suite/manual-clock.ts";
import { type Dialect, plainService, wholeContract } from "./fake-xkit/dialects.ts";
import { type FakeXkit, startFakeXkit } from "./fake-xkit/fake-xkit.ts";
import { openXkit } from "./upstream.ts";

const connectors = [
  { slug: "test", name: "Test", scopes: ["read", "write"], supports_multiple_connections: true },
  ...suiteCatalog.map((connector) =>
    connector.slug === "single" ? { ...connector, ...singleScopes, user_scope: "me", api: singleApi, grant_ms: GRANT_MS } : connector,
  ),
];

/** An adapter before a fake, and what the fake was asked and has answered. */
export interface FakeXkitHarness extends UpstreamHarness, Pick<FakeXkit, "requests" | "answers"> {
  provider: AuthorizationServer;
}

/** The adapter before the fake of the contract, which says whose a bearer is. */
export const createFakeHarness = (): Promise<FakeXkitHarness> => createHarness(wholeContract, "relayed");

/** The adapter before the fake of the contract, with users of the gateway's own. */
export const createOwnUsersHarness = (): Promise<FakeXkitHarness> => createHarness(wholeContract, "ours");

/** The adapter before a plain service. Users are relayed, so that it has to say whose a bearer is, though no plain service need. */
export const createPlainHarness = (): Promise<FakeXkitHarness> => createHarness(plainService({ saysWho: true }), "relayed");

/** The adapter before a plain service that says nothing of a bearer, with users of the gateway's own. */
export const createPlainOwnUsersHarness = (): Promise<FakeXkitHarness> => createHarness(plainService({ saysWho: false }), "ours");

/** The adapter before a plain service that gives a member of a group the group's tokens. */
export const createCarelessHarness = (users: "relayed" | "ours"): Promise<FakeXkitHarness> =>
  createHarness(plainService({ saysWho: true, withholdsGroupTokens: false }), users);

/** What this gateway does not offer to another one in front. */
export const gatewayLacks = {
  deviceCodes: "the contract has no codes: the page of the service that authorize_url leads to shows them",
  listsConnections: "the adapter asks for the connections of one owner at a time",
  listsOwners: "the adapter asks the service for one user at a time (users of the gateway's own are listed)",
} satisfies Lacks;

/** What the contract has no words for, where the users are the gateway's own. */
export const ownUsersLacks: Lacks = {
  connectionActions: "a service of the contract need not have these endpoints",
  deletesUsers: "the connections are the upstream's",
  importing: "the connections are the upstream's",
  deviceCodes: gatewayLacks.deviceCodes,
  listsConnections: gatewayLacks.listsConnections,
};

const upstreamsUsers = "the users are the upstream's";

/** What the contract has no words for. */
export const contractLacks: Lacks = {
  ...ownUsersLacks,
  ...gatewayLacks,
  userActions: upstreamsUsers,
};

/** What a plain service has no words for, where the users are the gateway's own. */
export const plainOwnUsersLacks: Lacks = {
  ...ownUsersLacks,
  listsDisabled: "its lists have enabled connections only",
  statesScopes: "it states no scopes",
  kinds: "it knows one kind of token",
  asksScopes: "it knows no scopes",
  startsScopes: "it knows no scopes",
  statesLife: "it states no expiry",
  minimumLife: "it does not know minimum_ttl",
  rejected: "it does not know rejected",
  health: "it states no health",
  misconfigured: "its failures have no code",
  connectedBy: "it does not state who connected",
  marksSecretFields: "it marks no field as a secret",
  describesFields: "it documents the label and the end of a field alone",
  metadata: "it documents no metadata",
  apiAccess: "it documents nothing of a provider's API",
  grantLife: "it documents no end of a grant",
  credentialKinds: "it documents neither token_type nor the fields of a credential",
};

/** The same where the users are the service's. */
export const plainLacks: Lacks = {
  ...plainOwnUsersLacks,
  userActions: upstreamsUsers,
  directory: "it has no endpoints for users and groups",
  listsOwners: "it has no endpoints for users and groups",
};

async function createHarness(dialect: Dialect, users: "relayed" | "ours"): Promise<FakeXkitHarness> {
  const clock = createManualClock();
  const provider = await startAuthorizationServer({ now: clock.now });
  const { clientId, clientSecret } = provider.client;
  const fake = await startFakeXkit({
    connectors,
    provider: { url: provider.url, clientId, clientSecret: clientSecret ?? "" },
    now: clock.now,
    dialect,
  });
  const { upstream, identify, provision, close } = await openXkit(fake, provider, clock, users);

  return {
    catalog: upstream.catalog,
    platform: upstream.forPlatform(),
    provider,
    clock,
    requests: fake.requests,
    answers: fake.answers,
    async signIn(id, groupId) {
      const token =
        users === "ours"
          ? (await provision({ id, ...(groupId !== undefined && { groupId }) })).token
          : await provisionAt(fake, { external_id: id, external_group_id: groupId });
      return { ...(await identify(token)), visit: (link) => visit(fake, provider, link) };
    },
    async close() {
      await close();
      await fake.close();
      await provider.close();
    },
  };
}

/** As a server of the platform does, past the adapter. */
async function provisionAt({ url, keys }: FakeXkit, user: Record<string, string | null | undefined>): Promise<string> {
  const response = await fetch(`${url}/api/platform/users`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${keys.publishable}:${keys.secret}`)}`, "content-type": "application/json" },
    body: JSON.stringify({ user }),
  });
  const { access_token: token } = await response.json();
  return String(token);
}

/** Follows a link in a browser that has never been there: by the fake's question, where it has one, to the provider and back. */
async function visit({ url }: FakeXkit, provider: AuthorizationServer, link: string | null): Promise<void> {
  let [location, cookie] = [link ?? "", ""];
  if (location.startsWith(`${url}/`)) {
    const answer = await fetch(location, { method: "POST", headers: { origin: url }, redirect: "manual" });
    location = answer.headers.get("location") ?? "";
    cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
    if (location === "") return;
  }
  await fetch(await provider.authorize(location), { headers: { cookie } });
}
