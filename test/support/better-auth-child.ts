/** An app with better-auth and a gateway in a process of its own. It asks for ada's token as often as it is told. */
import { z } from "zod";
import { createApp } from "../../gateway/app.ts";
import { parseConfig } from "../../gateway/config/config.ts";
import { createLog } from "../../gateway/runtime/log.ts";
import { systemClock } from "../../gateway/runtime/clock.ts";
import { betterAuthUpstream } from "../../gateway/upstream/better-auth/index.ts";
import { createTestBetterAuth } from "./better-auth.ts";

const optionsSchema = z.object({
  provider: z.object({ url: z.string(), client: z.object({ clientId: z.string(), clientSecret: z.string() }) }),
  database: z.object({ kind: z.enum(["sqlite", "postgres"]), url: z.string() }),
  isSealing: z.boolean(),
  env: z.record(z.string(), z.string()),
  publicUrl: z.string(),
  query: z.string(),
});

const { provider, database, isSealing, env, publicUrl, query } = optionsSchema.parse(JSON.parse(process.argv[2] ?? ""));
const app = await createTestBetterAuth({ provider, database: { ...database, drop: async () => {} }, clock: systemClock, isSealing });
const upstream = betterAuthUpstream(app.auth, { connectPage: "https://app.acme.example/settings/connections" });
const file = { path: "xkit.config.json", text: JSON.stringify({ platform: { name: "Acme" } }) };
const gateway = await createApp(parseConfig(env, file), { log: createLog("silent"), upstream });
const { token } = await gateway.provisionUser({ id: "ada" });

async function ask(): Promise<unknown> {
  const body = JSON.stringify({ query, variables: { where: { slug: "test" } } });
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const answer = await gateway.fetch(new Request(`${publicUrl}/graphql`, { method: "POST", headers, body }));
  return answer.json();
}

process.on("message", (times) => {
  const asked = Promise.all(Array.from({ length: Number(times) }, ask));
  void asked.then((answers) => process.send?.(answers));
});
process.send?.("ready");
