import { expect, it } from "vitest";
import { startAuthorizationServer } from "../../../test/support/authorization-server.ts";
import { BASE_URL, createTestBetterAuth } from "../../../test/support/better-auth.ts";
import { createTestDatabase } from "../../../test/support/databases.ts";
import { listen, sendText } from "../../../test/support/server-io.ts";
import { ask, createTestConfig, sendTo } from "../../../test/support/test-app.ts";
import { createApp } from "../../app.ts";
import { systemClock } from "../../runtime/clock.ts";
import { createLog } from "../../runtime/log.ts";
import { betterAuthUpstream } from "./index.ts";

it("A JWT of better-auth's plugin signs its user in at the gateway", async () => {
  const provider = await startAuthorizationServer();
  const [database, ours] = [await createTestDatabase("sqlite"), await createTestDatabase("sqlite")];
  const app = await createTestBetterAuth({ provider, database, clock: systemClock });
  const server = await listen(async (request, response) => {
    const answer = await app.handler(new Request(`${BASE_URL}${request.url}`));
    sendText(response, answer.status, await answer.text(), { "content-type": "application/json" });
  });
  const issuer = { iss: BASE_URL, aud: BASE_URL, jwks_url: `${server.url}/api/auth/jwks`, user_id_prefix: "" };
  const config = createTestConfig(provider, ours, { file: { connectors: [], token_issuers: [issuer] } });
  const upstream = betterAuthUpstream(app.auth, { connectPage: "https://app.acme.example/settings" });
  const gateway = await createApp(config, { log: createLog("silent"), upstream });

  await app.join("ada");
  await app.link(provider, "ada", "test", "account-of-ada");
  const headers = { authorization: `Bearer ${await app.jwtOf("ada")}` };
  const { data, errors } = await ask(sendTo(gateway), `{ viewer { id } connections { connector { slug } } }`, {}, headers);
  expect(errors).toEqual([]);
  expect(data).toEqual({ viewer: { id: "ada" }, connections: [{ connector: { slug: "test" } }] });

  await gateway.close();
  await app.close();
  await server.close();
  await provider.close();
  await Promise.all([database.drop(), ours.drop()]);
});
