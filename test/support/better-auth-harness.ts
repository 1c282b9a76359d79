import type { Lacks } from "../../gateway/upstream-suite/capabilities.ts";
import type { UpstreamHarness } from "../../gateway/upstream-suite/harness.ts";
import { betterAuthUpstream } from "../../gateway/upstream/better-auth/index.ts";
import { startAuthorizationServer } from "./authorization-server.ts";
import { createTestBetterAuth } from "./better-auth.ts";
import { createManualClock } from "./clock.ts";
import { createTestDatabase, type DatabaseKind } from "./databases.ts";
import { createTestConfig } from "./test-app.ts";
import { identify, openUpstream } from "./upstream.ts";

/** What better-auth does otherwise. */
export const betterAuthLacks: Lacks = {
  connecting: "users link accounts on the app's own page",
  collects: "better-auth has OAuth alone",
  marksSecretFields: "better-auth has OAuth alone",
  credentialKinds: "better-auth has OAuth alone",
  keepsFailed: "the app's own page is told what became of an attempt",
  connectedBy: "better-auth keeps when an account was first linked, and not when it was linked again",
  namesAccount: "better-auth keeps the account's id, and its name only in an ID token",
};

const connectors = [
  { slug: "test", name: "Test", scopes: ["read", "write"] },
  {
    slug: "single",
    name: "Single",
    shortDescription: "One of it",
    description: "**Only** one",
    markUrl: "https://single.example/mark.svg",
    supportsMultipleConnections: false,
  },
  { slug: "key", name: "Key" },
];

/** The user of better-auth's whose accounts are a group's. */
const groupAccount = (groupId: string) => `account-of-${groupId}`;

/** The adapter in one process with better-auth, over a real provider. */
export async function createBetterAuthHarness(kind: DatabaseKind, isSealing: boolean): Promise<UpstreamHarness> {
  const clock = createManualClock();
  const provider = await startAuthorizationServer({ now: clock.now });
  const [database, ours] = [await createTestDatabase(kind), await createTestDatabase(kind)];
  const app = await createTestBetterAuth({ provider, database, clock, isSealing, isRouted: true });
  const open = betterAuthUpstream(app.auth, {
    connectPage: "https://app.acme.example/settings/connections",
    connectors,
    groupAccount,
    revoke: ({ refreshToken, accessToken }) => app.revoke(refreshToken ?? accessToken ?? ""),
  });
  const { services, upstream, close } = await openUpstream(createTestConfig(provider, ours, { file: { connectors: [] } }), clock, open);
  const platform = upstream.forPlatform();
  let linked = 0;

  const provision: typeof platform.provisionUser = async (input) => {
    await app.join(input.id, input.groupId);
    return platform.provisionUser(input);
  };
  return {
    catalog: upstream.catalog,
    platform: { ...platform, provisionUser: provision },
    provider,
    clock,
    async signIn(id, groupId) {
      const { token } = await provision({ id, ...(groupId !== undefined && { groupId }) });
      return { ...(await identify({ services, upstream }, token)), visit };
      async function visit(authorizeUrl: string | null) {
        const page = new URL(authorizeUrl ?? "").searchParams;
        const group = page.get("group");
        const userId = group === null ? id : groupAccount(group);
        await app.join(userId);
        const again = (await app.accountsOf(userId)).find((account) => account.id === page.get("connection"));
        await app.link(userId, page.get("connector") ?? "", again?.accountId ?? `account-${(linked += 1)}`);
      }
    },
    async close() {
      await close();
      await app.close();
      await provider.close();
      await Promise.all([database.drop(), ours.drop()]);
    },
  };
}
