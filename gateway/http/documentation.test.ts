import { describe, expect, it } from "vitest";
import { createAsset } from "./assets.ts";
import { createDocumentationRoutes, findDocumentation } from "./documentation.ts";

const page = createAsset("text/html; charset=utf-8", Buffer.from("<title>Xkit Gateway</title>"));
const routes = createDocumentationRoutes(
  new Map([
    ["/index.html", page],
    ["/concepts/outcomes.html", page],
  ]),
);

describe("the documentation", () => {
  it.each(["/docs/", "/docs/index.html", "/docs/concepts/outcomes.html", "/docs/concepts%2Foutcomes.html"])(
    "is served at %s",
    async (path) => {
      const answer = await routes.request(path);
      expect([answer.status, await answer.text()]).toEqual([200, "<title>Xkit Gateway</title>"]);
      expect(answer.headers.get("content-security-policy")).toMatch(/^default-src 'self'; .*frame-ancestors 'none'$/);
    },
  );

  it.each(["/docs/nothing.html", "/docs/concepts/", "/docs/../index.html", "/docs/..%2Fpackage.json"])(
    "is nothing else: %s",
    async (path) => {
      expect((await routes.request(path)).status).toBe(404);
    },
  );

  it("is not there where it has not been built, and is linked where it is", async () => {
    expect((await createDocumentationRoutes(null).request("/docs/")).status).toBe(404);
    expect(findDocumentation()).toMatch(/^\/docs\/$|^https:/);
  });
});
