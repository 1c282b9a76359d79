import { describe, expect, it } from "vitest";
import { createAsset } from "./assets.ts";
import { createDocumentationRoutes } from "./documentation.ts";

const page = createAsset("text/html; charset=utf-8", Buffer.from("<title>Xkit Gateway</title>"));
const routes = createDocumentationRoutes(
  new Map([
    ["/index.html", page],
    ["/concepts/outcomes.html", page],
    ["/404.html", createAsset("text/html; charset=utf-8", Buffer.from("<title>404</title>"))],
  ]),
);

describe("the documentation", () => {
  it.each(["/docs/", "/docs/index.html", "/docs/concepts/outcomes", "/docs/concepts/outcomes.html", "/docs/concepts%2Foutcomes.html"])(
    "is served at %s",
    async (path) => {
      const answer = await routes.request(path);
      expect([answer.status, await answer.text()]).toEqual([200, "<title>Xkit Gateway</title>"]);
      expect(answer.headers.get("content-security-policy")).toMatch(/^default-src 'self'; .*frame-ancestors 'none'$/);
    },
  );

  it.each(["/docs/nothing", "/docs/nothing.html", "/docs/concepts/", "/docs/..%2Fpackage.json", "/docs/%zz"])(
    "answers with its own page for what is not there: %s",
    async (path) => {
      const answer = await routes.request(path);
      expect([answer.status, answer.headers.get("content-type"), await answer.text()]).toEqual([
        404,
        "text/html; charset=utf-8",
        "<title>404</title>",
      ]);
    },
  );

  it("is nothing outside of its folder", async () => {
    expect((await routes.request("/docs/../index.html")).status).toBe(404);
  });

  it("says how to build it where it has not been built", async () => {
    const answer = await createDocumentationRoutes(null).request("/docs/");
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining("npm run docs:build")]);
  });
});
