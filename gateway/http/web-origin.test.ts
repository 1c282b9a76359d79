import { describe, expect, it } from "vitest";
import { actionPaths, quietPaths } from "../../test/support/action-paths.ts";
import { createOriginCheck, isWebOrigin } from "./web-origin.ts";

const check = createOriginCheck(
  ["https://app.example.com", "https://*.example.org", "http://localhost:5173", "https://*.example.net:8443", "http://[::1]:3000"],
  "https://xkit.example.com",
);

describe("web origins", () => {
  it.each([
    "https://app.example.com",
    "https://xkit.example.com",
    "https://a.example.org",
    "https://xn--bcher-kva.example.org",
    "http://localhost:5173",
    "https://a.example.net:8443",
    "http://[::1]:3000",
  ])("allow %s to ask", (origin) => {
    expect(check.isValid(origin)).toBe(true);
  });

  it.each([
    "",
    "null",
    "*",
    "http://app.example.com",
    "https://app.example.com:444",
    "https://app.example.com/",
    "https://app.example.com.evil.com",
    "https://evil-app.example.com",
    "https://example.org",
    "https://a.b.example.org",
    "https://*.example.org",
    "https://.example.org",
    "https://a@b.example.org",
    "https://evil.com/.example.org",
    "https://evil.com#.example.org",
    "https://evilexample.org",
    "http://a.example.org",
    "https://a.example.net",
    "http://localhost",
    "https://APP.example.com",
    "https://a.example.org://x",
  ])("do not allow %j to ask", (origin) => {
    expect(check.isValid(origin)).toBe(false);
  });

  it.each([
    "https://app.example.com",
    "http://localhost:5173",
    "https://*.example.com",
    "http://*.localhost:5173",
    "https://*.example.com:8443",
  ])("may be configured as %s", (origin) => {
    expect(isWebOrigin(origin)).toBe(true);
  });

  it.each([
    "",
    "*",
    "https://*",
    "https://*.com",
    "https://app.*.com",
    "https://*.*.example.com",
    "https://a*.example.com",
    "https://app.example.com/",
    "https://app.example.com/path",
    "https://user@app.example.com",
    "https://app.example.com:443",
    "HTTPS://app.example.com",
    "app.example.com",
    "ftp://app.example.com",
    "javascript://app.example.com",
  ])("may not be configured as %j", (origin) => {
    expect(isWebOrigin(origin)).toBe(false);
    expect(() => createOriginCheck([origin], "https://xkit.example.com")).toThrow(TypeError);
  });
});

describe("returnTo", () => {
  it.each([
    "/",
    "/connectors/slack?a=b#c",
    "https://app.example.com/settings",
    "https://xkit.example.com/",
    "https://a.example.org",
    "HTTPS://APP.example.com/",
    "https://app.example.com/connect/slack",
    "/authorizations/done",
    ...quietPaths,
  ])("may be %s", (returnTo) => {
    expect(check.isValidReturnTo(returnTo)).toBe(true);
  });

  it.each([
    "",
    "connectors",
    "//evil.com",
    "/\\evil.com",
    "\\/evil.com",
    "/\t/evil.com",
    "/\n/evil.com",
    "\u0000/",
    " /",
    "/..//evil.com",
    "/./\\evil.com",
    "https:/evil.com",
    "https:evil.com",
    "https://evil.com",
    "https://app.example.com@evil.com",
    "https://evil@app.example.com/",
    "https://app.example.com:444/",
    "http://app.example.com/",
    "https://app.example.com\\@evil.com",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://",
    ...actionPaths,
    "/authorizations/slack/loading?opener_origin=https://xkit.example.com&token=x",
    "https://xkit.example.com/authorizations/slack/loading?token=x",
    "HTTPS://XKIT.example.com/connect/slack",
    "https://xkit.example.com//connect/slack",
    "https://xkit.example.com/%63onnect/slack",
    "/authorizations/done/../loading",
  ])("may not be %j", (returnTo) => {
    expect(check.isValidReturnTo(returnTo)).toBe(false);
  });
});
