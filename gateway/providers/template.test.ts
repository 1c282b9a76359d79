import { describe, expect, it } from "vitest";
import { createProvider } from "../oauth/provider.ts";
import { fillProvider, templateFieldsOf } from "./template.ts";

const provider = createProvider({
  issuer: "https://{subdomain}.desk.example",
  authorizationEndpoint: "https://{subdomain}.desk.example/authorize",
  tokenEndpoint: "https://{region}.api.desk.example/{subdomain}/token",
});

describe("a provider whose endpoints depend on the user", () => {
  it("names the fields that it needs, each once", () => {
    expect(templateFieldsOf(provider)).toEqual(new Set(["subdomain", "region"]));
    expect(templateFieldsOf(createProvider({ authorizationEndpoint: "https://a.example", tokenEndpoint: "https://a.example" }))).toEqual(
      new Set(),
    );
  });

  it("has every endpoint filled in, in lower case, and nothing else changed", () => {
    expect(fillProvider(provider, { subdomain: "Acme", region: "eu-1" })).toEqual({
      ...provider,
      issuer: "https://acme.desk.example",
      authorizationEndpoint: "https://acme.desk.example/authorize",
      tokenEndpoint: "https://eu-1.api.desk.example/acme/token",
    });
  });

  it("is unchanged when it needs none", () => {
    const plain = createProvider({ authorizationEndpoint: "https://a.example", tokenEndpoint: "https://a.example" });
    expect(fillProvider(plain, { subdomain: "acme" })).toEqual(plain);
  });

  it.each(["", "evil.example/", "a.b", "a:1", "a@b", "-a", "a b", "..", "{region}"])(
    "leads to no other host, port or path: %j throws",
    (subdomain) => {
      expect(() => fillProvider(provider, { subdomain, region: "eu" })).toThrow(TypeError);
    },
  );

  it("throws for a field that is missing", () => {
    expect(() => fillProvider(provider, { subdomain: "acme" })).toThrow("Field region cannot be part of a host name.");
  });
});
