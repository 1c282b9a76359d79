import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createSealer, createSealingKey, SealError } from "./sealing.ts";

const key = (id: string) => ({ id, secret: randomBytes(32) });
const [old, current] = [key("old"), key("current")];
const CONTEXT = JSON.stringify(["user", "ada", "connection", "authorization", "sealed_access_token"]);

describe("a sealer", () => {
  it.each(["", "a token", "ключ 🔑".repeat(500)])("opens what it sealed, of any length and alphabet", (text) => {
    const sealer = createSealer([current]);
    expect(sealer.open(sealer.seal(text, CONTEXT), CONTEXT)).toBe(text);
  });

  it("seals the same text differently each time, names the key and shows nothing of the text", () => {
    const sealer = createSealer([current]);
    const envelopes = Array.from({ length: 20 }, () => sealer.seal("secret-text", CONTEXT));
    expect(new Set(envelopes).size).toBe(20);
    expect(envelopes[0]).toMatch(/^s1\.current\.[\w-]+$/);
    expect(Buffer.from(envelopes[0]?.split(".")[2] ?? "", "base64url").toString("latin1")).not.toContain("secret-text");
  });

  it("seals with the first key and opens with every key", () => {
    const before = createSealer([old]).seal("text", CONTEXT);
    const sealer = createSealer([current, old]);
    expect(sealer.open(before, CONTEXT)).toBe("text");
    expect(sealer.seal("text", CONTEXT)).toContain(`.${sealer.keyIds[0]}.`);
  });

  it("opens nothing for another owner, connection or column", () => {
    const sealer = createSealer([current]);
    const envelope = sealer.seal("text", CONTEXT);
    for (const other of ["", CONTEXT.replace("ada", "bob"), CONTEXT.replace("user", "group"), CONTEXT.replace("access", "refresh")])
      expect(() => sealer.open(envelope, other)).toThrow(SealError);
  });

  it("opens nothing of which one bit was changed", () => {
    const sealer = createSealer([current]);
    const [version, id, body = ""] = sealer.seal("text", CONTEXT).split(".");
    const bytes = Buffer.from(body, "base64url");
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
      expect(() => sealer.open(`${version}.${id}.${changed.toString("base64url")}`, CONTEXT)).toThrow(SealError);
    }
  });

  it("names the missing key, and no secret, when it does not have it", () => {
    const envelope = createSealer([old]).seal("text", CONTEXT);
    expect(() => createSealer([current]).open(envelope, CONTEXT)).toThrow(
      new SealError('A stored secret is sealed with the key "old", which XKIT_ENCRYPTION_KEYS does not have: add it.'),
    );
    const impostor = createSealer([{ id: "old", secret: current.secret }]);
    expect(() => impostor.open(envelope, CONTEXT)).toThrow(/^A stored secret cannot be decrypted with the key "old"/);
  });

  it.each(["", "text", "s1.current", "s1..AAAA", "s2.current.AAAA", "s1.current.AAAA", "s1.current.AAAA.more"])(
    "does not take %j for an envelope",
    (envelope) => {
      expect(() => createSealer([current]).open(envelope, CONTEXT)).toThrow(SealError);
    },
  );

  it("is not made without a key, with one that is not 32 bytes, or with two of one id", () => {
    expect(() => createSealer([])).toThrow(TypeError);
    expect(() => createSealer([{ id: "short", secret: randomBytes(16) }])).toThrow("Sealing key short must be 32 bytes, not 16.");
    expect(() => createSealer([current, { id: "current", secret: old.secret }])).toThrow("distinct key ids");
  });

  it("takes the keys that createSealingKey makes", () => {
    const [id = "", base64 = ""] = createSealingKey("made").split(":");
    const sealer = createSealer([{ id, secret: Buffer.from(base64, "base64") }]);
    expect(sealer.open(sealer.seal("text", CONTEXT), CONTEXT)).toBe("text");
  });
});
