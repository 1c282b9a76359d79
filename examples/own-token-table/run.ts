/** `npm run example:own-token-table`: a gateway in this process before the table, and what a user, a member and a page see of it. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
// In your own app: "xkit-gateway".
import { createApp, parseConfig } from "../../gateway/index.ts";
import { createTableAdapter } from "./adapter.ts";
import { openTokenTable } from "./table.ts";

const HOUR_MS = 3_600_000;

const directory = mkdtempSync(join(tmpdir(), "own-token-table-"));
const table = openTokenTable(join(directory, "app.db"));
const mail = {
  slug: "mail",
  name: "Mail",
  shortDescription: "Your inbox.",
  description: null,
  markUrl: null,
  supportsMultipleConnections: false,
};
const upstream = createTableAdapter({ table, offers: [mail], settingsUrl: "https://app.acme.example/settings/connections/" });
const config = parseConfig(
  {
    DATABASE_URL: `file:${join(directory, "gateway.db")}`,
    XKIT_ENCRYPTION_KEYS: `example:${randomBytes(32).toString("base64")}`,
    LOG_LEVEL: "error",
  },
  null,
);
const app = await createApp(config, { upstream });

async function ask(who: { id: string; groupId?: string }, query: string): Promise<void> {
  const { token } = await app.provisionUser(who);
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const response = await app.fetch(
    new Request(new URL("/graphql", config.publicUrl), { method: "POST", headers, body: JSON.stringify({ query }) }),
  );
  console.log(`${who.id}: ${await response.text()}`);
}

const TOKEN = `{ accessToken(where: { slug: "mail" }) { __typename ... on AccessToken { value } ... on NotConnected { connectorUrl } } }`;

await ask({ id: "ada" }, TOKEN);
await ask({ id: "ada" }, `mutation { connect(slug: "mail", returnTo: "/") { authorization { status authorizeUrl } } }`);
// What the page behind authorizeUrl does once the provider has agreed.
const grant = { connector: "mail", account: "ada@mail.example", expires_at: Date.now() + HOUR_MS };
table.put({ kind: "user", id: "ada" }, { ...grant, token: "token-of-ada" });
table.put({ kind: "group", id: "acme" }, { ...grant, token: "token-of-acme" });
await ask({ id: "ada" }, TOKEN);
await ask({ id: "ben", groupId: "acme" }, TOKEN);

await app.close();
rmSync(directory, { recursive: true, force: true });
