/** A code that the user enters at the provider, where another gateway connects. */
import { expect, it, onTestFinished, vi } from "vitest";
import { startAuthorizationServer } from "./support/authorization-server.ts";
import { startFront } from "./support/in-front.ts";
import { PATIENCE } from "./support/patience.ts";

const CONNECT = `mutation { connect(slug: "tv") { authorization { status authorizeUrl } } }`;

it("the other gateway's page shows it in the browser that its link has bound, and the connection follows", async () => {
  const provider = await startAuthorizationServer();
  onTestFinished(provider.close);
  const device = { ...provider.providerFacts, kind: "device", device_authorization_endpoint: `${provider.url}/device` };
  const { clientId: client_id, clientSecret: client_secret } = provider.client;
  const { second, graphql } = await startFront([{ slug: "tv", name: "TV", provider: device, client_id, client_secret }]);
  const authorization = `Bearer ${(await second.provision("ada")).token}`;
  const started = (await graphql(CONNECT, authorization)).data.connect.authorization;
  expect(started.status).toBe("AWAITING_CALLBACK");
  const browser = second.createBrowser();
  const agreed = await browser.fetch(started.authorizeUrl, { method: "POST", headers: { origin: second.url } });
  const page = agreed.headers.get("location") ?? "";
  expect(await (await browser.fetch(page)).text()).toContain("<code>WDJB-MJHT</code>");
  expect((await second.createBrowser().fetch(page)).status).toBe(403);
  expect(provider.controls.devices.requests).toHaveLength(1);
  provider.controls.devices.approve();
  await vi.waitFor(async () => {
    second.clock.advance(1_000);
    expect((await browser.fetch(page.replace("/tv?", "/tv/status?"))).status).toBe(200);
  }, PATIENCE);
  const bearer = `Bearer ${(await second.provision("ada")).token}`;
  const { connectionToken } = (
    await graphql(
      `
        {
          connectionToken(where: { slug: "tv" })
        }
      `,
      bearer,
    )
  ).data;
  expect(provider.liveAccessTokens()).toContain(connectionToken);
});
