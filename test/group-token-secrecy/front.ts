/** A gateway in front of another, as the proof of withholding needs it. Imported by tests only. */
import { createApp } from "../../gateway/app.ts";
import { createLog } from "../../gateway/runtime/log.ts";
import { createServerHeaders } from "../support/caller.ts";
import { createTestDatabase } from "../support/databases.ts";
import { startSecondGateway, visit } from "../support/second-gateway.ts";
import { createTestConfig, PUBLIC_URL, WEB_ORIGIN, sendTo } from "../support/test-app.ts";
import { type Gateway, KEYED, KINDS } from "./world.ts";

/** A gateway with XKIT_UPSTREAM=xkit before a second one. */
export async function startFrontGateway(): Promise<Gateway> {
  const second = await startSecondGateway(() => ({ ...KINDS, connectors: [KEYED], file: { web_origins: [WEB_ORIGIN, PUBLIC_URL] } }));
  const database = await createTestDatabase("sqlite");
  const env = {
    XKIT_UPSTREAM: "xkit",
    XKIT_UPSTREAM_URL: second.url,
    XKIT_UPSTREAM_PUBLISHABLE_KEY: second.keys.publishable,
    XKIT_UPSTREAM_SECRET_KEY: second.keys.secret,
  };
  const config = createTestConfig(second.provider, database, { file: { connectors: [] }, env });
  const { clock, provider } = second;
  const logged = second.logged;
  const log = createLog("debug", { write: (line) => void logged.push(line) });
  const app = await createApp(config, { clock, log });
  return {
    app,
    provider,
    clock,
    logged,
    server: await createServerHeaders({ config, clock }),
    provision: second.provision,
    visit: (_id, authorizeUrl) => visit(second, authorizeUrl),
    sendAs: async () => sendTo(app),
    async close() {
      await app.close();
      await second.close();
      await database.drop();
    },
  };
}
