import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { isSigned } from "./callback-signature.ts";

/** The example of Shopify's documentation, as https://hexdocs.pm/shopify_oauth/Shopify.OAuth.html repeats it. */
const documented =
  "code=0907a61c0c8d55e99db179b68161bc00&hmac=700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf&shop=some-shop.myshopify.com&state=0.6784241404160823&timestamp=1337178173";

const isSignedBy = (query: string, secret = "hush") => isSigned(new URLSearchParams(query), "hmac", secret);

describe("isSigned", () => {
  it("takes the signature of Shopify's documentation, whatever the order of the parameters", () => {
    expect(isSignedBy(documented)).toBe(true);
    expect(isSignedBy(documented.split("&").toReversed().join("&"))).toBe(true);
  });

  it("encodes values as the provider does, with spaces as %20", () => {
    const hmac = createHmac("sha256", "hush").update("a=b%20c%26d").digest("hex");
    expect(isSignedBy(`a=b+c%26d&hmac=${hmac}`)).toBe(true);
  });

  it("leaves out the signature that Shopify had before", () => {
    expect(isSignedBy(`${documented}&signature=abc`)).toBe(true);
  });

  it.each([
    ["is another", documented.replace("hmac=7", "hmac=8")],
    ["is in capitals", documented.replace(/hmac=\w+/, (text) => `hmac=${text.slice(5).toUpperCase()}`)],
    ["is cut short", documented.replace(/(hmac=\w{10})\w+/, "$1")],
    ["is empty", documented.replace(/hmac=\w+/, "hmac=")],
    ["is missing", documented.replace(/hmac=\w+&/, "")],
    ["is not of this parameter", documented.replace("some-shop", "other-shop")],
    ["is not of a further parameter", `${documented}&further=1`],
    ["is there twice", `${documented}&hmac=700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf`],
    ["is of a parameter that is there twice", `${documented}&shop=some-shop.myshopify.com`],
  ])("takes no signature that %s", (_name, query) => {
    expect(isSignedBy(query)).toBe(false);
  });

  it("takes no signature by another secret", () => {
    expect(isSignedBy(documented, "hushed")).toBe(false);
  });
});
