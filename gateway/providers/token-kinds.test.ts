import { describe, expect, it } from "vitest";
import { connectorSchema } from "./connector.ts";
import { providerSchema } from "./provider.ts";

const connector = (written: Record<string, unknown>, provider: unknown = "slack") =>
  connectorSchema.safeParse({ provider, client_id: "id", client_secret: "secret", ...written });

const kindsOf = (written: Record<string, unknown>) => connector(written).data?.tokenKinds;

/** Whose kind `page` has no parameter for its scopes. */
const alongside = { extends: "slack", tokens: { page: { path: "page.token" } } };

describe("the kinds of token of a connector", () => {
  it.each([
    ["scopes of the default kind", { scopes: ["chat:write"] }, [{ kind: "bot", scopes: ["chat:write"], allowedScopes: ["chat:write"] }]],
    ["nothing", {}, [{ kind: "bot", scopes: ["chat:write"], allowedScopes: ["chat:write"] }]],
    [
      "scopes of both",
      { scopes: { user: ["channels:read"], bot: ["chat:write"] } },
      [
        { kind: "bot", scopes: ["chat:write"], allowedScopes: ["chat:write"] },
        { kind: "user", scopes: ["channels:read"], allowedScopes: ["channels:read"] },
      ],
    ],
    [
      "scopes of the other kind alone",
      { scopes: { user: ["channels:read"] }, allowed_scopes: { bot: ["chat:write"] } },
      [
        { kind: "user", scopes: ["channels:read"], allowedScopes: ["channels:read"] },
        { kind: "bot", scopes: [], allowedScopes: ["chat:write"] },
      ],
    ],
    [
      "scopes that may be asked for besides",
      { scopes: ["chat:write"], allowed_scopes: { user: ["channels:read"] } },
      [
        { kind: "bot", scopes: ["chat:write"], allowedScopes: ["chat:write"] },
        { kind: "user", scopes: [], allowedScopes: ["channels:read"] },
      ],
    ],
  ])("are those that it asks for, the default first: it states %s", (_what, written, kinds) => {
    expect(kindsOf(written)).toEqual(kinds);
  });

  it("are those, too, that come along by themselves", () => {
    expect(connector({}, alongside).data?.tokenKinds.map(({ kind }) => kind)).toEqual(["bot", "page"]);
  });

  it.each([
    [{ scopes: { admin: ["x"] } }, "slack", "scopes.admin", "is not a kind of token of the provider: it has bot, user"],
    [{ scopes: { page: ["x"] } }, alongside, "scopes.page", "is always given: the provider has no parameter for its scopes"],
    [{ allowed_scopes: { user: ["x"] } }, "github", "allowed_scopes", "must be a list: the provider has one kind of token"],
    [{ scopes: "read" }, "github", "scopes", "must be a list of scopes, or an object with such a list for each kind of token"],
  ])("are refused in %j of %j", (written, provider, path, message) => {
    const issues = connector(written, provider).error?.issues.map((issue) => [issue.path.join("."), issue.message]);
    expect(issues).toContainEqual([path, message]);
  });
});

it("a provider gives no narrower tokens where that ends the token before", () => {
  const issues = providerSchema.safeParse({ extends: "microsoft", refresh: { kills_old_token: true } }).error?.issues;
  expect(issues?.map(({ path, message }) => [path.join("."), message])).toEqual([
    ["scopes.narrows", "needs refresh.kills_old_token to be false"],
  ]);
});

describe("a provider's kinds of token", () => {
  const facts = { extends: "slack" };

  it.each([
    ["two defaults", { tokens: { bot: { path: "a", default: true }, user: { path: "b", default: true } } }],
    ["more than eight", { tokens: Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`k${index}`, { path: "a" }])) }],
    ["metadata that is one of them", { metadata: { leak: "token:authed_user.access_token" } }],
    [
      "metadata that is the refresh token of one",
      { tokens: { user: { refresh_path: "a.renewal" } }, metadata: { leak: "token:a.renewal" } },
    ],
  ])("are refused with %s", (_what, wrong) => {
    expect(providerSchema.safeParse({ ...facts, ...wrong }).success).toBe(false);
  });
});
