import { describe, expect, it } from "vitest";
import { issuerProblems, issuerSchema } from "./token-issuers.ts";

describe("the configuration of an issuer", () => {
  const least = { iss: "https://id.example.com/", jwks_url: "https://id.example.com/jwks.json" };

  it("has defaults for everything but iss and jwks_url", () => {
    expect(issuerSchema.parse(least)).toMatchObject({
      issuer: "https://id.example.com/",
      audience: null,
      userIdClaim: "sub",
      userIdPrefix: null,
      groupIdPrefix: null,
      groupIdClaim: null,
      nameClaim: null,
      operator: null,
      jwksUrl: "https://id.example.com/jwks.json",
      clockToleranceSeconds: 30,
    });
    expect(
      issuerSchema.parse({
        ...least,
        aud: "a",
        user_id_claim: "u",
        group_id_claim: "g",
        user_id_prefix: "id:",
        group_id_prefix: "org:",
        name_claim: "n",
        operator: { claim: "roles", value: "operator" },
        algorithms: ["ES256"],
        clock_tolerance_seconds: 0,
      }),
    ).toEqual({
      issuer: "https://id.example.com/",
      audience: "a",
      userIdClaim: "u",
      userIdPrefix: "id:",
      groupIdPrefix: "org:",
      groupIdClaim: "g",
      nameClaim: "n",
      operator: { claim: "roles", value: "operator" },
      jwksUrl: "https://id.example.com/jwks.json",
      algorithms: ["ES256"],
      clockToleranceSeconds: 0,
    });
  });

  it.each([
    ["algorithms.0", { algorithms: ["HS256"] }],
    ["algorithms.0", { algorithms: ["none"] }],
    ["algorithms", { algorithms: [] }],
    ["jwks_url", { jwks_url: "http://id.example.com/jwks.json" }],
    ["jwks_url", { jwks_url: "file:///etc/passwd" }],
    ["iss", { iss: "" }],
    ["aud", { aud: "" }],
    ["clock_tolerance_seconds", { clock_tolerance_seconds: 3_600 }],
    ["user_id_prefix", { user_id_prefix: "a b" }],
    ["group_id_prefix", { group_id_prefix: "x".repeat(65) }],
    ["", { audience: "misspelt" }],
  ])("is refused at %j for %j", (path, wrong) => {
    const result = issuerSchema.safeParse({ ...least, ...wrong });
    expect(result.error?.issues.map((issue) => issue.path.join("."))).toEqual([path]);
  });

  it.each([
    ["a:", "a:b:", 1],
    ["a:b:", "a:", 1],
    ["a:", "a:", 1],
    ["a:", "b:", 0],
    ["", "a:", 0],
    [null, null, 0],
  ])("is refused where its prefix %j and that of another one, %j, could make the same id: %i problems", (first, second, count) => {
    const issuers = [
      issuerSchema.parse({ ...least, user_id_prefix: first }),
      issuerSchema.parse({ ...least, iss: "https://other.example.com/", user_id_prefix: second }),
    ];
    expect(issuerProblems(issuers, "https://connect.example.com")).toHaveLength(count);
  });

  it("is refused at aud where it makes operators and has no aud", () => {
    const operator = { claim: "roles", value: "xkit-operator" };
    expect(issuerSchema.safeParse({ ...least, operator }).error?.issues).toMatchObject([
      { path: ["aud"], message: expect.stringContaining("is required with operator") },
    ]);
    expect(issuerSchema.safeParse({ ...least, aud: "xkit", operator }).success).toBe(true);
  });

  it("may have the prefix of another entry of the same issuer", () => {
    const [web, mobile] = ["web", "mobile"].map((aud) => issuerSchema.parse({ ...least, aud, user_id_prefix: "id:" }));
    expect(web && mobile && issuerProblems([web, mobile], "https://connect.example.com")).toEqual([]);
  });
});
