import { describe, expect, it } from "vitest";
import { buildPages } from "../../test/support/client/built-pages.ts";
import { sendJson } from "../../test/support/server-io.ts";
import { sendTo } from "../../test/support/test-app.ts";
import { plainConnector, startScriptedXkit } from "../../test/support/scripted-xkit.ts";
import { startFront } from "../../test/support/in-front.ts";
import { createLogoOrigins } from "./logos.ts";

const PLATFORM = { name: "Acme", slug: "acme", website: "", login_redirect_url: "", logo_url: "https://cdn.acme.example/logo.svg" };
const ORIGINS = ["https://cdn.acme.example", "https://x.example"];

async function startCatalog(marks: (string | null)[] = [plainConnector.mark_url]) {
  const xkit = await startScriptedXkit();
  const connectors = marks.map((mark_url) => ({ ...plainConnector, mark_url }));
  xkit.on("GET /platform_user/platform", { platform: PLATFORM });
  xkit.on("GET /platform_user/platform/connectors", { connectors });
  return { xkit, findLogoOrigins: createLogoOrigins(xkit.upstream.catalog, xkit.clock) };
}

describe("the page of a gateway before another gateway", () => {
  it("shows the other one's logos, and is served when the other one is away", async () => {
    await buildPages();
    const collect = { fields: [{ name: "key", label: "Key", secret: true }] };
    const front = await startFront([{ slug: "other", name: "Other", mark_url: "https://marks.example/other.svg", collect }]);
    const imagesOf = async () => {
      const { status, headers } = await sendTo(front.app)("/");
      return { status, images: /img-src [^;]*/.exec(headers.get("content-security-policy") ?? "")?.[0] };
    };
    const shown = { status: 200, images: "img-src 'self' data: https://marks.example" };
    expect(await imagesOf()).toEqual(shown);
    await front.second.close();
    front.second.clock.advance(60_000);
    expect(await imagesOf()).toEqual(shown);
  });
});

describe("where logos come from", () => {
  it("is asked once a minute, however many pages are served", async () => {
    const { xkit, findLogoOrigins } = await startCatalog();
    expect(await Promise.all([findLogoOrigins(), findLogoOrigins()])).toEqual([ORIGINS, ORIGINS]);
    xkit.clock.advance(59_999);
    await findLogoOrigins();
    expect(xkit.requests).toHaveLength(2);
    xkit.on("GET /platform_user/platform/connectors", { connectors: [] });
    xkit.clock.advance(1);
    expect(await findLogoOrigins()).toEqual(["https://cdn.acme.example"]);
  });

  it("is no origin until the upstream has answered, and is asked again a minute later", async () => {
    const { xkit, findLogoOrigins } = await startCatalog();
    xkit.on("GET /platform_user/platform", (_request, response) => sendJson(response, 500, {}));
    expect(await findLogoOrigins()).toEqual([]);
    xkit.on("GET /platform_user/platform", { platform: PLATFORM });
    xkit.clock.advance(60_000);
    expect(await findLogoOrigins()).toEqual(ORIGINS);
  });

  it("delays no page for longer than a second", async () => {
    const { xkit, findLogoOrigins } = await startCatalog();
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    xkit.on("GET /platform_user/platform", async (_request, response) => {
      await released;
      sendJson(response, 200, { platform: PLATFORM });
    });
    const origins = findLogoOrigins();
    xkit.clock.advance(1_000);
    expect(await origins).toEqual([]);
    release();
    await expect.poll(findLogoOrigins).toEqual(ORIGINS);
  });

  it("is never more than a host in a policy", async () => {
    const strange = ["https://*", "https://a.example;sandbox", "https://'self'", "https://", "nonsense", "javascript:alert(1)", "", null];
    const { findLogoOrigins } = await startCatalog([...strange, "http://[::1]:8080/logo.png", "data:image/png;base64,AA=="]);
    expect(await findLogoOrigins()).toEqual(["https://cdn.acme.example", "http://[::1]:8080"]);
  });
});
