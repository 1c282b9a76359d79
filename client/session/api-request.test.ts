/** Where `xkit.fetch` sends a token, and in which header. */
import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AccessToken } from "../api/types.ts";
import { sendWithToken, type XkitRequestInit } from "./api-request.ts";

const TOKEN: AccessToken = {
  __typename: "AccessToken",
  value: "planted",
  tokenType: "bearer",
  expiresAt: null,
  scopes: [],
  missingScopes: [],
  fingerprint: "f",
  apiBaseUrl: "https://api.example/v1",
  authorizationHeader: { name: "Authorization", value: "Bearer planted" },
  connection: { id: "c-1" },
};
const OWN_HEADER = { name: "X-Access-Token", value: "planted" };

/** The request that was sent, or what was thrown before it. */
async function sent(input: string | URL | Request, token: Partial<AccessToken> = {}, init?: XkitRequestInit): Promise<Request> {
  let request: Request | undefined;
  const fetch: typeof globalThis.fetch = async (input, init) => {
    request = new Request(input, init);
    return new Response();
  };
  await sendWithToken(fetch, { ...TOKEN, ...token }, input, init);
  if (!request) throw new Error("Nothing was sent.");
  return request;
}

describe("a path", () => {
  test.each([
    ["/me", "https://api.example/v1/me"],
    ["/me?a=/../b#c", "https://api.example/v1/me?a=/../b#c"],
    ["/a/../b", "https://api.example/v1/b"],
    ["//evil.example/a", "https://api.example/v1//evil.example/a"],
    ["/\\evil.example", "https://api.example/v1//evil.example"],
    ["/\t/evil.example", "https://api.example/v1//evil.example"],
    ["", "https://api.example/v1"],
    ["?a=b", "https://api.example/v1?a=b"],
  ])("%j is below the API's address", async (path, url) => {
    expect((await sent(path)).url).toBe(url);
  });

  test.each(["/..", "/../v2", "/%2e%2e/v2", "/a/../../v2", "/..\\v2", "/.\t./v2"])(
    "%j is refused: it would leave the API's address",
    async (path) => {
      await expect(sent(path)).rejects.toThrow(
        new TypeError("The token may go to https://api.example/v1, and elsewhere only by `origin`."),
      );
    },
  );

  test.each([
    "me",
    "2/me",
    "https:evil.example",
    "HTTPS:/evil.example",
    "ftp://evil.example",
    ".evil.example",
    "@evil.example/",
    ":8443/",
    "evil.example",
    "-x.example/",
    "\\\\evil.example",
    "javascript:alert(1)",
  ])("%j is refused, with what a path is: it would become a part of the API's host", async (path) => {
    for (const apiBaseUrl of ["https://api.example/v1", "https://api.example:4001"])
      await expect(sent(path, { apiBaseUrl })).rejects.toThrow(new TypeError("A path must begin with `/`."));
  });

  test.each(["//evil.example", "/\\evil.example", "/@evil.example", "?@evil.example"])("%j leads to no other host", async (path) => {
    expect(new URL((await sent(path, { apiBaseUrl: "https://api.example" })).url).host).toBe("api.example");
  });

  test("is refused where the API's address is not known", async () => {
    await expect(sent("/me", { apiBaseUrl: null })).rejects.toThrow("A path needs `apiBaseUrl`");
  });
});

describe("an absolute URL", () => {
  test.each([
    "https://api.example/v2/me",
    "HTTPS://API.example:443/",
    new URL("https://api.example/"),
    new Request("https://api.example/"),
  ])("of the API's origin is asked: %s", async (input) => {
    expect((await sent(input)).headers.get("authorization")).toBe("Bearer planted");
  });

  test.each([
    "http://api.example/v1",
    "https://api.example:8443/v1",
    "https://api.example.evil.example/v1",
    "https://evil.example/https://api.example/v1",
    "https://other.example",
    new URL("https://evil.example/"),
    new Request("https://evil.example/", { method: "POST", body: "body" }),
  ])("of another origin is refused: %s", async (input) => {
    await expect(sent(input)).rejects.toThrow("The token may go to https://api.example, and elsewhere only by `origin`.");
  });

  test("of another origin is asked where that is named", async () => {
    const init = { origin: "https://uploads.example" };
    expect((await sent("https://uploads.example/a", {}, init)).url).toBe("https://uploads.example/a");
    await expect(sent("https://evil.example/a", {}, init)).rejects.toThrow("The token may go to https://uploads.example");
    expect((await sent("/me", {}, init)).url).toBe("https://api.example/v1/me");
  });

  test("of any origin is asked where the API's address is not known", async () => {
    expect((await sent("https://any.example/a", { apiBaseUrl: null })).headers.get("authorization")).toBe("Bearer planted");
  });
});

describe("the header", () => {
  test("is the one that the API takes the token by, in place of the caller's of that name", async () => {
    const init = { headers: { "x-access-token": "caller's", "x-own": "kept" } };
    const { headers } = await sent("/me", { authorizationHeader: OWN_HEADER }, init);
    expect(Object.fromEntries(headers)).toEqual({ "x-access-token": "planted", "x-own": "kept" });
  });

  test.each([
    ["api_key", "Bearer planted"],
    ["Token", "Token planted"],
  ])("is made of the token's type where it is not known: %s", async (tokenType, value) => {
    const { headers } = await sent("/me", { tokenType, authorizationHeader: null });
    expect(headers.get("authorization")).toBe(value);
  });
});

describe("a redirect", () => {
  let url = "";
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const status = Number(request.url?.slice(1, 4)) || 200;
    request.resume().on("end", () => response.writeHead(status, { location: "/elsewhere" }).end("body"));
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  });
  afterAll(() => server.close());
  const send = (path: string, header: AccessToken["authorizationHeader"], init?: XkitRequestInit) => {
    asked.length = 0;
    return sendWithToken(fetch, { ...TOKEN, apiBaseUrl: url, authorizationHeader: header }, path, init);
  };

  test.each(["301", "302", "303", "307", "308"])(
    "of status %s is not followed with a header that `fetch` would pass on",
    async (status) => {
      await expect(send(`/${status}`, OWN_HEADER)).rejects.toThrow("The API redirects, and X-Access-Token is not sent there.");
      expect(asked).toEqual([`GET /${status}`]);
    },
  );

  test("is followed with `Authorization`, which `fetch` leaves out at another origin", async () => {
    expect(await send("/302", TOKEN.authorizationHeader)).toMatchObject({ status: 200, redirected: true });
    expect(asked).toEqual(["GET /302", "GET /elsewhere"]);
  });

  test("is the caller's where the caller says so", async () => {
    expect(await send("/302", OWN_HEADER, { redirect: "manual" })).toMatchObject({ status: 302 });
    await expect(send("/302", OWN_HEADER, { redirect: "error" })).rejects.toThrow("fetch failed");
  });

  test("is no other answer with a Location", async () => {
    const body = new Blob(["streamed"]).stream();
    const streamed: XkitRequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" };
    expect(await send("/201", OWN_HEADER, streamed)).toMatchObject({ status: 201 });
    expect(await send("/304", OWN_HEADER)).toMatchObject({ status: 304 });
  });
});
