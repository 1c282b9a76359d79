import { startAuthorizationServer } from "../../../test/support/authorization-server.ts";
import { createTestBetterAuth } from "../../../test/support/better-auth.ts";
import { createTestDatabase, type DatabaseKind } from "../../../test/support/databases.ts";
import { describeAdapter, type ScriptedHarness, type SuiteWorld } from "../../upstream-suite/index.ts";
import { betterAuthUpstream } from "./index.ts";

const oauthAlone = "better-auth has OAuth alone";

/** The user of better-auth's whose accounts are a group's. */
const groupAccount = (groupId: string) => `account-of-${groupId}`;

/** better-auth and the adapter in one process, over a real provider. */
async function createHarness({ connectors, clock }: SuiteWorld, kind: DatabaseKind, isSealing: boolean): Promise<ScriptedHarness> {
  const provider = await startAuthorizationServer({ now: clock.now });
  const database = await createTestDatabase(kind);
  const app = await createTestBetterAuth({ provider, database, clock, isSealing, isRouted: true });
  let linked = 0;
  return {
    provider,
    upstream: betterAuthUpstream(app.auth, {
      connectPage: "https://app.acme.example/settings/connections",
      connectors: connectors.map((connector) => ({ ...connector, scopes: connector.slug === "test" ? ["read", "write"] : [] })),
      groupAccount,
      revoke: ({ refreshToken, accessToken }) => app.revoke(refreshToken ?? accessToken ?? ""),
    }),
    async visit({ userId, groupId }, authorizeUrl) {
      const page = new URL(authorizeUrl).searchParams;
      const holder = groupId === null ? userId : groupAccount(groupId);
      await app.join(holder);
      const again = (await app.accountsOf(holder)).find(({ id }) => id === page.get("connection"));
      await app.link(provider, holder, page.get("connector") ?? "", again?.accountId ?? `account-${(linked += 1)}`);
    },
    async close() {
      await app.close();
      await provider.close();
      await database.drop();
    },
  };
}

const suites = [
  ["better-auth on SQLite", "sqlite", false],
  ["better-auth on Postgres, with sealed tokens", "postgres", true],
] as const;

for (const [name, kind, isSealing] of suites)
  describeAdapter(name, (world) => createHarness(world, kind, isSealing), {
    connecting: "users link accounts on the app's own page",
    collects: oauthAlone,
    marksSecretFields: oauthAlone,
    describesFields: oauthAlone,
    credentialKinds: oauthAlone,
    kinds: "better-auth has one access token of an account",
    startsScopes: "better-auth's configuration says what is asked for",
    keepsFailed: "the app's own page is told what became of an attempt",
    connectedBy: "better-auth keeps when an account was first linked, and not when it was linked again",
    grantLife: "the suite's provider states none, and better-auth assumes none",
    deviceCodes: "users connect on the app's own pages",
    apiAccess: "better-auth does not know where a provider's API is",
    metadata: "better-auth keeps of a token answer no more than its tokens",
    namesAccount: "better-auth keeps the account's name only in an ID token",
  });
