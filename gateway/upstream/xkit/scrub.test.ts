import { describe, expect, it } from "vitest";
import { repeatsSecret } from "./scrub.ts";

const TOKEN = 'planted/"third"-party-token-1';
const withToken = (more: object, credential: unknown = TOKEN) => ({
  connection: { ...more, authorization: { access_token: TOKEN, credential, ...more } },
});

describe("an answer", () => {
  it("may have its token as the token and as the credential", () => {
    expect(repeatsSecret(withToken({}))).toBe(false);
    expect(repeatsSecret(withToken({ scopes: ["read"] }, { api_key: TOKEN, subdomain: "acme" }))).toBe(false);
  });

  it("may have its token in the header that carries it", () => {
    for (const value of [TOKEN, `Bearer ${TOKEN}`, `Basic ${btoa(`ada:${TOKEN}`)}`])
      expect(repeatsSecret(withToken({ authorization_header: { name: "Authorization", value } }))).toBe(false);
  });

  it.each([
    ["as it is", `key ${TOKEN}`],
    ["percent-encoded", `https://x.example/?t=${encodeURIComponent(TOKEN)}`],
    ["as JSON", JSON.stringify({ t: TOKEN })],
    ["in base64", btoa(TOKEN)],
    ["in base64 behind a name", btoa(`ada:${TOKEN}`)],
    ["in base64url", Buffer.from(`x:${TOKEN}`).toString("base64url")],
  ])("that repeats its token elsewhere is found out: %s", (_how, text) => {
    for (const more of [
      { display_label: text },
      { connector: { mark_url: text } },
      { scopes: ["read", text] },
      { metadata: { [text]: "a name" } },
    ])
      expect(repeatsSecret(withToken(more))).toBe(true);
  });

  it("that repeats one of its tokens in a list is found out", () => {
    const [first, second] = [withToken({}).connection, { name: TOKEN }];
    expect(repeatsSecret({ connections: [first, second] })).toBe(true);
  });

  it("may repeat a typed field that is short, and none that is long", () => {
    const typed = (value: string) => ({ authorization: { display_label: `${value}.example`, credential: { subdomain: value } } });
    expect(repeatsSecret(typed("acme"))).toBe(false);
    expect(repeatsSecret(typed("a-very-long-secret"))).toBe(true);
  });

  it("is looked through to any depth", () => {
    const depth = 200_000;
    const nest = (text: string) =>
      JSON.parse(`{"access_token":${JSON.stringify(TOKEN)},"in":${"[".repeat(depth)}${JSON.stringify(text)}${"]".repeat(depth)}}`);
    expect(repeatsSecret(nest("harmless"))).toBe(false);
    expect(repeatsSecret(nest(TOKEN))).toBe(true);
  });

  it("without a token repeats none", () => {
    for (const json of [undefined, null, 1, "text", [], {}, { access_token: null, credential: "" }])
      expect(repeatsSecret(json)).toBe(false);
  });
});
