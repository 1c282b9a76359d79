import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { bearer, genericOAuth, jwt, organization } from "better-auth/plugins";
import { SqliteDialect } from "kysely";
import Libsql from "libsql";
import pg from "pg";
import { z } from "zod";
import type { BetterAuth } from "../../gateway/upstream/better-auth/index.ts";
import { xkitGateway } from "../../gateway/upstream/better-auth/index.ts";
import type { Clock } from "../../gateway/runtime/clock.ts";
import type { AuthorizationServer } from "./authorization-server.ts";
import type { TestDatabase } from "./databases.ts";

export const BASE_URL = "http://app.localhost:3000";

export interface BetterAuthOptions {
  provider: Pick<AuthorizationServer, "url" | "client">;
  database: TestDatabase;
  clock: Pick<Clock, "now">;
  /** Whether tokens are sealed in the account table. Default false. */
  isSealing?: boolean;
  /** Whether it has the plugin `organization`. Default false. */
  hasOrganizations?: boolean;
  /** Whether its own refreshes are the gateway's. Default false. */
  isRouted?: boolean;
}

/** An app's better-auth, with the providers `test` and `single`, on a database of its own. */
export interface TestBetterAuth {
  auth: BetterAuth;
  handler(request: Request): Promise<Response>;
  /** Makes a user known, with that id, and a member of that organization alone. */
  join(userId: string, groupId?: string | null): Promise<void>;
  /** What better-auth's own endpoint answers to a signed-in user of theirs. */
  post(userId: string, path: string, body: object): Promise<Response>;
  /** A JWT of its plugin `jwt`, for a signed-in user. */
  jwtOf(userId: string): Promise<string>;
  /** Links an account as the app's own page does. `accountId` is the provider's. */
  link(provider: AuthorizationServer, userId: string, connector: string, accountId: string): Promise<void>;
  /** The ids of a user's accounts, here and at their providers. */
  accountsOf(userId: string): Promise<{ id: string; accountId: string }[]>;
  findAccount(userId: string, connector: string): Promise<unknown>;
  updateAccount(id: string, columns: object): Promise<void>;
  /** How often better-auth itself has changed an account since. */
  updatesSeen(): number;
  /** Revokes a token at the provider. */
  revoke(token: string): Promise<void>;
  close(): Promise<void>;
}

const jwtSchema = z.object({ token: z.string() });
const linkSchema = z.object({ url: z.string() });

export async function createTestBetterAuth(options: BetterAuthOptions): Promise<TestBetterAuth> {
  const { provider } = options;
  const { database, close } = openDatabase(options.database);
  let updates = 0;
  const auth = createAuth(options, database, () => (updates += 1));
  const { runMigrations } = await getMigrations(auth.options);
  await runMigrations();
  const { adapter, internalAdapter } = await auth.$context;

  async function signIn(userId: string): Promise<Record<string, string>> {
    const { token } = await internalAdapter.createSession(userId);
    return { authorization: `Bearer ${token}`, "content-type": "application/json", origin: BASE_URL };
  }

  const post = async (userId: string, path: string, body: object) =>
    auth.handler(new Request(`${BASE_URL}/api/auth${path}`, { method: "POST", headers: await signIn(userId), body: JSON.stringify(body) }));

  return {
    auth,
    handler: auth.handler,
    post,
    async join(userId, groupId) {
      if (!(await internalAdapter.findUserById(userId))) {
        const data = { id: userId, email: `${userId}@example.test`, name: userId, emailVerified: true };
        await adapter.create({ model: "user", data: { ...data, createdAt: new Date(), updatedAt: new Date() }, forceAllowId: true });
      }
      if (groupId === undefined) return;
      await adapter.deleteMany({ model: "member", where: [{ field: "userId", value: userId }] });
      if (groupId === null) return;
      const known = await adapter.findOne({ model: "organization", where: [{ field: "id", value: groupId }] });
      const createdAt = new Date();
      if (!known) {
        const data = { id: groupId, name: groupId, slug: groupId, createdAt };
        await adapter.create({ model: "organization", data, forceAllowId: true });
      }
      await adapter.create({ model: "member", data: { userId, organizationId: groupId, role: "member", createdAt } });
    },
    async link({ controls, authorize }, userId, connector, accountId) {
      controls.account = { id: accountId, label: "user-1@example.test" };
      const started = await post(userId, "/link-social", { provider: connector, callbackURL: "/done", errorCallbackURL: "/failed" });
      const { url } = linkSchema.parse(await started.json());
      const cookie = started.headers
        .getSetCookie()
        .map((line) => line.split(";")[0])
        .join("; ");
      const callback = await authorize(url);
      const finished = await auth.handler(new Request(callback, { headers: { ...(await signIn(userId)), cookie } }));
      const location = finished.headers.get("location");
      if (location !== "/done") throw new TypeError(`The account was not linked: ${location}.`);
    },
    async jwtOf(userId) {
      const answer = await auth.handler(new Request(`${BASE_URL}/api/auth/token`, { headers: await signIn(userId) }));
      return jwtSchema.parse(await answer.json()).token;
    },
    async findAccount(userId, connector) {
      return (await internalAdapter.findAccounts(userId)).find(({ providerId }) => providerId === connector);
    },
    async updateAccount(id, columns) {
      await adapter.update({ model: "account", where: [{ field: "id", value: id }], update: { ...columns } });
    },
    async revoke(token) {
      const body = new URLSearchParams({ token, client_id: provider.client.clientId, client_secret: provider.client.clientSecret ?? "" });
      await fetch(`${provider.url}/revoke`, { method: "POST", body });
    },
    updatesSeen: () => updates,
    accountsOf: (userId) => internalAdapter.findAccounts(userId),
    close,
  };
}

function openDatabase({ kind, url }: TestDatabase) {
  if (kind === "postgres") {
    const pool = new pg.Pool({ connectionString: url });
    // Dropping the database ends connections that are still closing. Without a listener their error would end the process.
    pool.on("error", () => {}).on("connect", (client) => client.on("error", () => {}));
    return { database: pool, close: async () => (pool.ended ? undefined : pool.end()) };
  }
  const file = new Libsql(url.slice("file:".length));
  file.exec("pragma journal_mode = wal");
  file.exec("pragma busy_timeout = 5000");
  const dialect = new SqliteDialect({ database: file });
  return { database: { dialect, type: "sqlite" as const }, close: async () => (file.open ? void file.close() : undefined) };
}

function createAuth(
  { provider, clock, isSealing = false, isRouted = false, hasOrganizations = false }: BetterAuthOptions,
  database: ReturnType<typeof openDatabase>["database"],
  onUpdate: () => void,
) {
  const { clientId, clientSecret } = provider.client;
  const providerOf = (providerId: string) => ({
    providerId,
    clientId,
    clientSecret: clientSecret ?? "",
    authorizationUrl: `${provider.url}/authorize`,
    tokenUrl: `${provider.url}/token`,
    userInfoUrl: `${provider.url}/userinfo`,
    scopes: ["read", "write"],
    accountSubject: ({ profile }: { profile: { sub?: unknown } }) => String(profile.sub),
  });
  /** Its dates by the clock that the test moves. */
  const dated = <Columns extends { accessTokenExpiresAt?: Date | null | undefined }>(columns: Columns) => {
    const now = new Date(clock.now());
    const expiresAt = columns.accessTokenExpiresAt;
    const lifeMs = expiresAt ? Math.round((expiresAt.getTime() - Date.now()) / 1000) * 1000 : 0;
    return { ...columns, updatedAt: now, ...(expiresAt && { accessTokenExpiresAt: new Date(now.getTime() + lifeMs) }) };
  };
  return betterAuth({
    baseURL: BASE_URL,
    secret: "a-secret-of-the-tests-with-Entropy-0123456789",
    database,
    logger: { level: "error", log() {} },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    account: { encryptOAuthTokens: isSealing, accountLinking: { trustedProviders: ["test", "single"], allowDifferentEmails: true } },
    databaseHooks: {
      account: {
        create: { before: async (columns) => ({ data: { ...dated(columns), createdAt: new Date(clock.now()) } }) },
        update: { before: async (columns) => ({ data: dated(columns) }), after: async () => onUpdate() },
      },
    },
    plugins: [
      bearer(),
      jwt(),
      ...(hasOrganizations ? [organization()] : []),
      genericOAuth({ config: [providerOf("test"), providerOf("single")] }),
      ...(isRouted ? [xkitGateway()] : []),
    ],
  });
}
