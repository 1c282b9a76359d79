/** better-auth over SQLite: a signed-in user whose account has a token, and its own endpoint that gives it. */
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { genericOAuth } from "better-auth/plugins";
import { SqliteDialect } from "kysely";
import Libsql from "libsql";
import { host, port, ready } from "./ready.ts";

const TOKEN_LIFETIME_MS = 86_400_000;
const PROVIDER = "https://provider.example";

const file = new Libsql(process.env["BENCH_DATABASE"] ?? "");
file.exec("pragma journal_mode = wal");
const auth = betterAuth({
  baseURL: `http://${host}:${port}`,
  secret: process.env["BENCH_JWT_SECRET"] ?? "",
  database: { dialect: new SqliteDialect({ database: file }), type: "sqlite" },
  telemetry: { enabled: false },
  rateLimit: { enabled: false },
  emailAndPassword: { enabled: true },
  account: { encryptOAuthTokens: true },
  plugins: [
    genericOAuth({
      config: [
        {
          providerId: "bench",
          clientId: "a-client",
          clientSecret: "a-secret",
          authorizationUrl: `${PROVIDER}/authorize`,
          tokenUrl: `${PROVIDER}/token`,
          userInfoUrl: `${PROVIDER}/userinfo`,
        },
      ],
    }),
  ],
});

const { runMigrations } = await getMigrations(auth.options);
await runMigrations();
const body = { email: "ada@example.com", password: "a-password-of-the-bench", name: "Ada" };
const { headers, response } = await auth.api.signUpEmail({ body, returnHeaders: true });
const { internalAdapter } = await auth.$context;
const account = await internalAdapter.createAccount({
  providerId: "bench",
  accountId: "1",
  userId: response.user.id,
  accessToken: process.env["BENCH_TOKEN"] ?? "",
  accessTokenExpiresAt: new Date(Date.now() + TOKEN_LIFETIME_MS),
});
const cookie = headers
  .getSetCookie()
  .map((line) => line.split(";")[0])
  .join("; ");
createServer(toNodeHandler(auth)).listen(port, host, () =>
  ready({ headers: { cookie, origin: `http://${host}:${port}` }, body: { accountId: account.id } }),
);
