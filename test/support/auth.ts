/** What the tests of this folder share: a clock that stands still, stores in files, and an issuer on a real socket. Imported by tests only. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT, type JWK } from "jose";
import { onTestFinished } from "vitest";
import type { Clock } from "../../gateway/runtime/clock.ts";
import type { Database } from "../../gateway/store/database.ts";
import { openDatabase } from "../../gateway/store/open.ts";
import { createRowMacs } from "../../gateway/store/row-macs.ts";
import { createSealer } from "../../gateway/store/sealing.ts";
import { type Auth, type AuthOptions, createAuth } from "../../gateway/auth/index.ts";
import type { Issuer } from "../../gateway/config/token-issuers.ts";

export const PUBLIC_URL = "https://xkit.example.com";
export const APP_ORIGIN = "https://app.example.com";
export const seconds = (count: number): number => count * 1_000;
export const minutes = (count: number): number => seconds(count * 60);
export const hours = (count: number): number => minutes(count * 60);
export const days = (count: number): number => hours(count * 24);

/** A store that any number of "processes" open. */
export async function createStore(clock: Clock): Promise<{ url: string; open: () => Promise<Database> }> {
  const folder = await mkdtemp(join(tmpdir(), "xkit-auth-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const url = `file:${join(folder, "xkit.db")}`;
  return {
    url,
    async open() {
      const database = await openDatabase(url, { clock });
      onTestFinished(() => database.close());
      return database;
    },
  };
}

export const openStore = async (clock: Clock): Promise<Database> => (await createStore(clock)).open();

const sealingKey = { id: "k1", secret: randomBytes(32) };
export const sealer = createSealer([sealingKey]);
export const macs = createRowMacs([sealingKey], { error() {} });
macs.enforce();

export interface LoggedWarning {
  facts: object;
  message: string;
}

export interface TestAuth extends Auth {
  database: Database;
  warnings: LoggedWarning[];
}

/** Everything of this folder over one database. */
export async function startAuth(database: Database, clock: Clock, options: Partial<AuthOptions> = {}): Promise<TestAuth> {
  const warnings: LoggedWarning[] = [];
  const keep = (facts: object, message: string) => void warnings.push({ facts, message });
  const log = { warn: keep, error: keep };
  const defaults = { database, sealer, macs, clock, publicUrl: PUBLIC_URL, webOrigins: [APP_ORIGIN], issuers: [], log };
  const auth = await createAuth({ ...defaults, ...options });
  onTestFinished(() => auth.close());
  return { ...auth, database, warnings };
}

/** Two gateways over one store. */
export async function startTwoAuths(clock: Clock, options: Partial<AuthOptions> = {}): Promise<[TestAuth, TestAuth]> {
  const store = await createStore(clock);
  return [await startAuth(await store.open(), clock, options), await startAuth(await store.open(), clock, options)];
}

export const requestWith = (headers: Record<string, string>): Request => new Request(`${PUBLIC_URL}/graphql`, { method: "POST", headers });
export const bearer = (token: string): Request => requestWith({ authorization: `Bearer ${token}` });

/** The `name=value` of a `Set-Cookie` header, as a browser sends it back. */
export const cookieOf = (setCookie: string | undefined): string => (setCookie ?? "").split(";", 1)[0] ?? "";

export interface TestIssuer {
  config: Issuer;
  /** Fetches of the JWK Set until now. */
  fetches: () => number;
  /** Answers the fetches from now on. */
  answerWith(answer: (response: ServerResponse) => void): void;
  /** The keys that are published from now on. */
  publish(...keys: TestKey[]): void;
}

export interface TestKey {
  privateKey: CryptoKey;
  publicJwk: JWK;
  alg: string;
}

/** @param kid null: neither the key nor what it signs has one. */
export async function createKey(kid: string | null, alg = "RS256"): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, publicJwk: { ...(await exportJWK(publicKey)), ...(kid !== null && { kid }), alg, use: "sig" }, alg };
}

/** An issuer whose JWK Set is served on 127.0.0.1. */
export async function startIssuer(overrides: Partial<Issuer> = {}): Promise<TestIssuer> {
  let fetchCount = 0;
  let keys: TestKey[] = [];
  const answerKeys = (response: ServerResponse) => void response.end(JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) }));
  let answer: (response: ServerResponse) => void = answerKeys;
  const server = createServer((_request, response) => {
    fetchCount += 1;
    answer(response);
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const config: Issuer = {
    issuer: "https://id.example.com/",
    audience: "xkit",
    userIdClaim: "sub",
    userIdPrefix: null,
    groupIdPrefix: "",
    groupIdClaim: "org",
    nameClaim: "email",
    operator: null,
    jwksUrl: `http://127.0.0.1:${port}/jwks.json`,
    algorithms: ["RS256", "ES256", "EdDSA"],
    clockToleranceSeconds: 30,
    ...overrides,
  };
  return {
    config,
    fetches: () => fetchCount,
    answerWith: (next) => void (answer = next),
    publish(...next) {
      keys = next;
      answer = answerKeys;
    },
  };
}

/** A JWT as an identity provider would issue it; a claim set to undefined is left out. */
export function issue(key: TestKey, clock: Clock, claims: Record<string, unknown> = {}): Promise<string> {
  const now = Math.floor(clock.now() / 1_000);
  const all = { iss: "https://id.example.com/", aud: "xkit", sub: "ada", iat: now, exp: now + 300, ...claims };
  const { kid } = key.publicJwk;
  return new SignJWT(all).setProtectedHeader({ alg: key.alg, ...(kid !== undefined && { kid }) }).sign(key.privateKey);
}
