/** The demo and the documentation's page, in every browser. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunningEngine } from "./engine.ts";
import { engines } from "./engines.ts";
import { type Sites, startSites } from "./sites.ts";
import { answerConsent, onlyTab, press, expectText } from "./walk.ts";

const example = readFileSync(new URL("../../examples/script-tag/index.html", import.meta.url), "utf8");

let sites: Sites;
beforeAll(async () => {
  sites = await startSites({ appHost: "localhost", gatewayHost: "localhost" });
});
afterAll(() => sites.stop());

for (const { name, needs, missing, launch } of engines)
  describe.skipIf(missing !== null)(`${name}${needs}`, () => {
    let engine: RunningEngine;
    beforeAll(async () => {
      engine = await launch("default");
    });
    afterAll(() => engine.stop());

    test("the demo: signs in, connects from the catalog, and goes back and forward", async () => {
      const { url } = sites.gateway;
      const tab = await onlyTab(await engine.open());
      await tab.goTo(`${url}/sign-in?${new URLSearchParams({ returnTo: "/connectors" })}`);
      const userToken = await sites.gateway.provision(`${name}-demo`);
      await tab.evaluate(`document.querySelector("#token").value = ${JSON.stringify(userToken)}`);
      await press(tab, "Sign in by token");
      await press(tab, "Slack");
      await press(tab, "Connect Slack");
      await answerConsent(tab);
      await expectText(tab, "Connected as ada@example.test");
      await press(tab, "All integrations");
      await press(tab, "Demo");
      await expectText(tab, "Connect Demo");
      await tab.travel(-1);
      await tab.travel(-1);
      await expectText(tab, "Connected as ada@example.test");
      await tab.travel(1);
      await tab.travel(1);
      await expectText(tab, "Connect Demo");
    });

    test("the documentation's page connects, and has a token when its user is back", async () => {
      const userToken = await sites.gateway.provision(`${name}-sample`);
      sites.setPage("/sample", example.replace("http://localhost:4000", sites.gateway.url).replace("your_user_token", userToken));
      const tab = await onlyTab(await engine.open());
      await tab.goTo(`${sites.appUrl}/sample`);
      await press(tab, "Connect Slack");
      await answerConsent(tab);
      await expectText(tab, "Connected as ada@example.test");
      await tab.goTo(`${sites.appUrl}/sample`);
      expect(await tab.evaluate(`xkit.getConnectionToken("slack")`)).toEqual(expect.any(String));
    });
  });
