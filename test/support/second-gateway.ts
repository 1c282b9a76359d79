import { createApp } from "../../gateway/app.ts";
import { startGateway } from "../../gateway/listen.ts";
import { createLog } from "../../gateway/runtime/log.ts";
import { openServices } from "../../gateway/services.ts";
import { type AuthorizationServer, startAuthorizationServer } from "./authorization-server.ts";
import { createBrowser, type TestBrowser } from "./browser.ts";
import { createManualClock, type ManualClock } from "../../gateway/upstream-suite/manual-clock.ts";
import { createTestDatabase } from "./databases.ts";
import { createTestConfig, type TestAppOptions } from "./test-app.ts";

/** A gateway on a real socket, for another one to stand in front of. */
export interface SecondGateway {
  /** Where it listens, which is also its public URL. */
  url: string;
  provider: AuthorizationServer;
  clock: ManualClock;
  keys: { publishable: string; secret: string };
  /** Every line logged so far. */
  logged: string[];
  /** Makes a user known. Left undefined, the group stays as it is. */
  provision(id: string, groupId?: string | null): Promise<{ token: string }>;
  /** A browser before it. */
  createBrowser(): TestBrowser;
  revokeKeys(): Promise<void>;
  /** The second call waits for the first. */
  close(): Promise<void>;
}

/** Starts a gateway on a free port, before a real authorization server and a real database. */
export async function startSecondGateway(options: (provider: AuthorizationServer) => TestAppOptions = () => ({})): Promise<SecondGateway> {
  const clock = createManualClock();
  const provider = await startAuthorizationServer({ now: clock.now });
  const database = await createTestDatabase("sqlite");
  const given = options(provider);
  const config = createTestConfig(provider, database, { ...given, env: { XKIT_PUBLIC_URL: "", PORT: "0", ...given.env } });
  const logged: string[] = [];
  const log = createLog("debug", { write: (line) => void logged.push(line) });
  const services = await openServices(config, clock, log);
  const { id, secret } = await services.auth.apiKeys.create("in front");
  const gateway = await startGateway(config, async (settled) => ({ config: settled, app: await createApp(settled, { clock, log }) }));
  const { app } = gateway;
  const url = gateway.config.publicUrl;
  let closed: Promise<void> | undefined;
  const close = async () => {
    await gateway.stop();
    await services.close();
    await provider.close();
    await database.drop();
  };
  return {
    url,
    provider,
    clock,
    keys: { publishable: id, secret },
    logged,
    provision: (userId, groupId) => app.provisionUser({ id: userId, ...(groupId !== undefined && { groupId }) }),
    createBrowser: () => createBrowser(app, url),
    revokeKeys: async () => void (await services.auth.apiKeys.revoke(id)),
    close: () => (closed ??= close()),
  };
}

/** Follows a link of the second gateway in a browser that has never been there, agrees to go on, and visits the provider and back. */
export async function visit(
  gateway: SecondGateway,
  link: string | null,
  browser: TestBrowser = gateway.createBrowser(),
): Promise<Response> {
  const question = await browser.fetch(link ?? "");
  if (!question.ok) return question;
  const answer = await browser.fetch(link ?? "", { method: "POST", headers: { origin: gateway.url } });
  const next = answer.headers.get("location");
  if (next === null) return answer;
  const callback = await gateway.provider.authorize(next);
  return browser.fetch(callback.href);
}
