import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PUBLIC_URL, sendTo, startTestApp, type TestApp } from "../../test/support/test-app.ts";

const client = { client_id: "client", client_secret: "secret" };

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp({
    connectors: [
      { provider: "slack", ...client },
      { slug: "calendar", name: "Calendar", provider: { extends: "google" }, ...client },
      { slug: "own", provider: "github", mark_url: "https://marks.example/own.svg", ...client },
      { slug: "box", name: "A box of ours", collect: { fields: [{ name: "key", label: "Key", secret: true }] } },
    ],
  });
});
afterAll(() => test.close());

const get = (path: string, headers: Record<string, string> = {}) => sendTo(test.app)(path, { headers });

describe("the logo of a known provider", () => {
  it("is that of each connector of it that names no other", async () => {
    const { data } = await test.graphql("{ connectors { slug markUrl } }");
    expect(data.connectors).toEqual(
      expect.arrayContaining([
        { slug: "slack", markUrl: `${PUBLIC_URL}/logos/slack.svg` },
        { slug: "calendar", markUrl: `${PUBLIC_URL}/logos/google.svg` },
        { slug: "own", markUrl: "https://marks.example/own.svg" },
        { slug: "box", markUrl: null },
        { slug: "test", markUrl: null },
      ]),
    );
  });

  it("comes from the gateway itself, is kept for a day, and can run nothing", async () => {
    const response = await get("/logos/slack.svg");
    expect({ status: response.status, ...Object.fromEntries(response.headers) }).toMatchObject({
      status: 200,
      "content-type": "image/svg+xml",
      "cache-control": "public, max-age=86400",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      "cross-origin-resource-policy": "cross-origin",
      "x-content-type-options": "nosniff",
    });
    expect(await response.text()).toMatch(/^<svg /);
    expect((await get("/logos/slack.svg", { "if-none-match": response.headers.get("etag") ?? "" })).status).toBe(304);
  });

  it.each(["/logos/nothing.svg", "/logos/names.json", "/logos/..%2fdata%2fslack.json", "/logos"])("is nothing else: %s", async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  it.each(readdirSync(new URL("../providers/logos/", import.meta.url)).filter((name) => name.endsWith(".svg")))(
    "holds no script and names no other host: %s",
    async (name) => {
      const svg = await (await get(`/logos/${name}`)).text();
      expect(svg.replaceAll(/ xmlns(?::xlink)?="[^"]*"/g, "")).not.toMatch(/<script|<foreignObject|\son\w+=|(?:https?:)?\/\/|javascript:/i);
    },
  );
});
