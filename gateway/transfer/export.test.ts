import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { importInto, issueLine, withStore } from "../../test/support/importing.ts";
import { startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { twoKinds } from "../../test/support/two-kinds.ts";
import { askToken, HOUR_MS } from "../../test/support/vault.ts";
import { createJsonReader } from "./dumps/lines-of-json.ts";
import { type Exported, exportLines } from "./export-lines.ts";
import { createLineOpener, createLineSealer } from "./recipient.ts";

const pem = (pair: ReturnType<typeof generateKeyPairSync>) => ({
  publicKey: pair.publicKey.export({ type: "spki", format: "pem" }).toString(),
  privateKey: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
});
const x25519 = pem(generateKeyPairSync("x25519"));

async function exportAll(test: TestApp, publicKey = x25519.publicKey): Promise<Exported[]> {
  return withStore(test, async (services) => {
    const exported: Exported[] = [];
    for await (const each of exportLines(services, createLineSealer(publicKey))) exported.push(each);
    return exported;
  });
}

const linesOf = (exported: readonly Exported[]): string[] => exported.flatMap((each) => ("line" in each ? each.line : []));

const keyed = { slug: "keyed", name: "Keyed", collect: { fields: [{ name: "key", label: "API key", secret: true }] } };

describe.each(databaseKinds)("an export on %s", (database) => {
  it("is sealed, and imports elsewhere with the same ids, tokens, kinds and instants", async () => {
    const options = { database, ...twoKinds(), connectors: [keyed] };
    const [from, to] = [await startTestApp(options), await startTestApp(options)];
    const [bot, user] = [issueLine(from, { name: "Ada" }, { id: "a-1", label: "Ada at work" }), issueLine(from)];
    const further = [{ token_kind: "user", access_token: user.access_token, scopes: ["me"] }];
    await importInto(from, [
      { ...bot, further },
      { ...issueLine(from), user: null, group: "acme", connected_by: "grace", refresh_expires_at: "2030-01-01T00:00:00Z" },
      { user: "ada", connector: "keyed", fields: { key: "planted-key" } },
    ]);
    const lines = linesOf(await exportAll(from));
    expect(lines).toHaveLength(3);
    for (const secret of [bot.access_token, bot.refresh_token, "planted-key"]) expect(lines.join("\n")).not.toContain(secret);
    const results = await importInto(to, lines, { read: createJsonReader(x25519.privateKey) });
    expect(results.map(({ status, messages }) => [status, messages])).toEqual(lines.map(() => ["imported", []]));
    const open = createLineOpener(x25519.privateKey);
    const opened = (all: readonly string[]) => Promise.all(all.map(async (line) => JSON.parse((await open(line)) ?? "")));
    expect(await opened(linesOf(await exportAll(to)))).toEqual(await opened(lines));
    const ada = await to.signIn("ada");
    expect(await askToken(ada, { verify: false })).toMatchObject({ value: bot.access_token });
    expect((await askToken(ada, { where: { slug: "keyed" } })).value).toBe("planted-key");
    await Promise.all([from.close(), to.close()]);
  });

  it("leaves out what does not work, and says so", async () => {
    const test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    await ada.connect();
    test.provider.controls.revokeGrants();
    test.clock.advance(2 * HOUR_MS);
    await askToken(ada);
    const grace = await test.signIn("grace");
    await grace.connect();
    await grace.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    const exported = await exportAll(test);
    expect(exported).toEqual([{ id: expect.any(String), connector: "test", problem: "It does not work: its user has to connect again." }]);
    await test.close();
  });

  it("has every page of a store", async () => {
    const test = await startTestApp({ database });
    await importInto(
      test,
      Array.from({ length: 205 }, (_, index) => issueLine(test, { user: `user-${index}` })),
    );
    const lines = linesOf(await exportAll(test));
    expect(new Set(lines).size).toBe(205);
    await test.close();
  });
});

describe("a recipient's key", () => {
  it.each([
    ["X25519", x25519],
    ["EC", pem(generateKeyPairSync("ec", { namedCurve: "P-256" }))],
    ["RSA", pem(generateKeyPairSync("rsa", { modulusLength: 2_048 }))],
  ])("may be of %s, and its private key alone opens a line", async (_type, { publicKey, privateKey }) => {
    const line = await createLineSealer(publicKey)("a line");
    expect(await createLineOpener(privateKey)(line)).toBe("a line");
    expect(await createLineOpener(pem(generateKeyPairSync("x25519")).privateKey)(line)).toBeNull();
  });

  it("may be a JWK", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("x25519");
    const line = await createLineSealer(JSON.stringify(publicKey.export({ format: "jwk" })))("a line");
    expect(await createLineOpener(JSON.stringify(privateKey.export({ format: "jwk" })))(line)).toBe("a line");
  });

  it.each([
    ["no key", "planted"],
    ["of another use", pem(generateKeyPairSync("ed25519")).publicKey],
    ["too short", pem(generateKeyPairSync("rsa", { modulusLength: 1_024 })).publicKey],
  ])("is refused that is %s", (_what, key) => {
    expect(() => createLineSealer(key)).toThrow(/key/);
    expect(() => createLineSealer(key)).not.toThrow(/planted/);
  });

  it("is asked for where a line is sealed, and where it is another one", async () => {
    const test = await startTestApp();
    const line = await createLineSealer(x25519.publicKey)("{}");
    const other = createJsonReader(pem(generateKeyPairSync("x25519")).privateKey);
    const messages = [await importInto(test, [line]), await importInto(test, [line], { read: other })].map(([result]) => result?.messages);
    expect(messages).toEqual([
      ["The line is encrypted: set XKIT_IMPORT_KEY to the private key of its recipient."],
      ["The line cannot be decrypted with XKIT_IMPORT_KEY."],
    ]);
    await test.close();
  });
});
