import { z } from "zod";
import { type App, createApp } from "../../gateway/app.ts";
import { createLog } from "../../gateway/runtime/log.ts";
import { systemClock } from "../../gateway/runtime/clock.ts";
import { betterAuthUpstream, joinGateway } from "../../gateway/upstream/better-auth/index.ts";
import { type AuthorizationServer, startAuthorizationServer } from "./authorization-server.ts";
import { createTestBetterAuth, type TestBetterAuth } from "./better-auth.ts";
import { createTestDatabase, type DatabaseKind, type TestDatabase } from "./databases.ts";
import { ask, createTestConfig, PUBLIC_URL, sendTo } from "./test-app.ts";
import { TOKEN_QUERY, type TokenAnswer, tokenAnswerSchema } from "./vault.ts";

/** An instance of an app with better-auth, and a gateway in front of it. */
export interface BetterAuthInstance {
  app: TestBetterAuth;
  gateway: App;
  /** Asks for ada's token. */
  ask(variables?: { rejected?: string; minimumTtl?: number }): Promise<TokenAnswer>;
  /** What better-auth's own endpoint gives ada; null where it fails. */
  askBetterAuth(path?: string): Promise<string | null>;
}

export interface BetterAuthWorld {
  provider: AuthorizationServer;
  /** Each on the same two stores. */
  instances: [BetterAuthInstance, ...BetterAuthInstance[]];
  /** Ada's account, as it is stored. */
  row(): Promise<StoredAccount>;
  /** Changes it past the gateway, as better-auth's own code does. */
  write(columns: Partial<StoredAccount>): Promise<void>;
  /** What another process needs of it. */
  stores: { betterAuth: TestDatabase };
  env: Record<string, string>;
  isSealing: boolean;
  /** Every line logged so far. */
  logged: string[];
  /** An app in a process of its own, without a gateway, that has joined the gateways' store. */
  joinApp(): Promise<Pick<BetterAuthInstance, "askBetterAuth">>;
  close(): Promise<void>;
}

const storedSchema = z.object({
  id: z.string(),
  accessToken: z.string().nullable(),
  refreshToken: z.string().nullable(),
  accessTokenExpiresAt: z.date().nullable(),
});

export type StoredAccount = z.output<typeof storedSchema>;

export interface WorldOptions {
  kind?: DatabaseKind;
  isSealing?: boolean;
  isRouted?: boolean;
  instances?: number;
  hasOrganizations?: boolean;
  groupAccount?: ((groupId: string) => string) | undefined;
  env?: Record<string, string>;
}

const tokenSchema = z.object({ accessToken: z.string() });
const EXPIRED = new Date(0);
const KEYS = `test:${Buffer.alloc(32, 7).toString("base64")}`;

/** An app whose user ada has linked an account, and whose access token has expired. */
export async function startBetterAuthWorld(options: WorldOptions = {}): Promise<BetterAuthWorld> {
  const {
    kind = "sqlite",
    isSealing = false,
    isRouted = false,
    instances: count = 1,
    hasOrganizations = false,
    groupAccount,
    env = {},
  } = options;
  const provider = await startAuthorizationServer({ recordSecrets: true });
  const [database, ours] = [await createTestDatabase(kind), await createTestDatabase(kind)];
  const settings = { ...env, DATABASE_URL: ours.url, XKIT_PUBLIC_URL: PUBLIC_URL, XKIT_ENCRYPTION_KEYS: KEYS };
  const config = createTestConfig(provider, ours, { file: { connectors: [] }, env: settings });
  const logged: string[] = [];
  const log = createLog("debug", { write: (line) => void logged.push(line) });

  async function start(): Promise<BetterAuthInstance> {
    const app = await createTestBetterAuth({ provider, database, clock: systemClock, isSealing, isRouted, hasOrganizations });
    const upstream = betterAuthUpstream(app.auth, {
      connectPage: "https://app.acme.example/settings/connections",
      revoke: ({ refreshToken }) => app.revoke(refreshToken ?? ""),
      ...(groupAccount && { groupAccount }),
    });
    const opened = await createApp(config, { log, upstream });
    let closed: Promise<void> | undefined;
    // A test may close one itself, before all are closed.
    const gateway = { ...opened, close: () => (closed ??= opened.close()) };
    return {
      app,
      gateway,
      async ask(variables = {}) {
        const { token } = await gateway.provisionUser({ id: "ada" });
        const asked = await ask(
          sendTo(gateway),
          TOKEN_QUERY,
          { where: { slug: "test" }, ...variables },
          { authorization: `Bearer ${token}` },
        );
        if (asked.errors.length > 0) throw new Error(JSON.stringify(asked.errors));
        return tokenAnswerSchema.parse(asked.data.accessToken);
      },
      askBetterAuth: askerOf(app),
    };
  }

  const askerOf =
    (app: TestBetterAuth) =>
    async (path = "/get-access-token"): Promise<string | null> => {
      const { id } = await row();
      const answer = await app.post("ada", path, { accountId: id });
      return answer.ok ? tokenSchema.parse(await answer.json()).accessToken : null;
    };
  const joined: { close(): Promise<void> }[] = [];

  const first = await start();
  const others: BetterAuthInstance[] = [];
  for (let started = 1; started < count; started += 1) others.push(await start());
  const row = async () => storedSchema.parse(await first.app.findAccount("ada", "test"));
  const write = async (columns: Partial<StoredAccount>) => first.app.updateAccount((await row()).id, columns);
  await first.app.join("ada");
  await first.app.link(provider, "ada", "test", "account-of-ada");
  await write({ accessTokenExpiresAt: EXPIRED });
  return {
    provider,
    instances: [first, ...others],
    row,
    write,
    stores: { betterAuth: database },
    env: settings,
    isSealing,
    logged,
    async joinApp() {
      const app = await createTestBetterAuth({ provider, database, clock: systemClock, isSealing, isRouted: true });
      joined.push(await joinGateway(app.auth, { databaseUrl: ours.url, log }), app);
      return { askBetterAuth: askerOf(app) };
    },
    async close() {
      provider.controls.release();
      for (const each of joined) await each.close();
      for (const { app, gateway } of [first, ...others]) {
        await gateway.close();
        await app.close();
      }
      await provider.close();
      await Promise.all([database.drop(), ours.drop()]);
    },
  };
}
