import { describe, expect, it } from "vitest";
import { issuerSchema } from "./token-issuers.ts";

describe("the configuration of an issuer", () => {
  const least = { iss: "https://id.example.com/", jwks_url: "https://id.example.com/jwks.json" };

  it("has defaults for everything but iss and jwks_url", () => {
    expect(issuerSchema.parse(least)).toMatchObject({
      issuer: "https://id.example.com/",
      audience: null,
      userIdClaim: "sub",
      groupIdClaim: null,
      nameClaim: null,
      jwksUrl: "https://id.example.com/jwks.json",
      clockToleranceSeconds: 30,
    });
    expect(
      issuerSchema.parse({
        ...least,
        aud: "a",
        user_id_claim: "u",
        group_id_claim: "g",
        name_claim: "n",
        algorithms: ["ES256"],
        clock_tolerance_seconds: 0,
      }),
    ).toEqual({
      issuer: "https://id.example.com/",
      audience: "a",
      userIdClaim: "u",
      groupIdClaim: "g",
      nameClaim: "n",
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
    ["", { audience: "misspelt" }],
  ])("is refused at %j for %j", (path, wrong) => {
    const result = issuerSchema.safeParse({ ...least, ...wrong });
    expect(result.error?.issues.map((issue) => issue.path.join("."))).toEqual([path]);
  });
});
