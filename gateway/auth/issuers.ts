import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from "jose";
import { z } from "zod";
import { externalIdSchema, nameSchema } from "../../schema/input.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { type Issuer, issuerProblems } from "../config/token-issuers.ts";
import { createRemoteKeys, type KeySet, type RemoteKeys } from "./jwks.ts";
import { createTokenCache, decodeUnverified, type Refusal, createRefusal, toRefusal } from "./jwt.ts";

const SECOND_MS = 1_000;

/** What a JWT of a configured issuer says about its user. */
export interface IssuedClaims {
  ok: true;
  userId: string;
  /** Undefined: the issuer's tokens say nothing about groups. */
  groupId: string | null | undefined;
  name: string | undefined;
  issuedAt: Date;
  /** What of the configuration makes its bearer an operator, as a text; null: they are none. */
  operatorRule: string | null;
  /** How far the issuer's clock, which says so, may be off. */
  clockToleranceSeconds: number;
  expiresAt: Date;
}

/** Claims of a token that was verified with keys of its issuer. */
export interface VerifiedClaims extends IssuedClaims {
  /** Whether these are surely its issuer's keys still. False: `verify` has to look. */
  hasCurrentKeys(this: void): boolean;
}

/** Nothing can be said about a token, because the issuer's keys have not been had yet. */
export interface KeysUnavailable {
  ok: null;
  reason: string;
}

export interface Issuers {
  /** Checks a JWT by the rules of the issuer it names. A signature is checked once per set of keys and then cached. */
  verify(token: string): Promise<VerifiedClaims | Refusal | KeysUnavailable>;
}

interface IssuerWithKeys {
  issuer: Issuer;
  keys: RemoteKeys;
}

type CachedClaims = VerifiedClaims & { keySet: KeySet; keys: RemoteKeys };

/** Throws `TypeError` for two issuers with the same `iss` and `aud`, and for one with the gateway's own `iss`. */
export function createIssuers(
  issuers: readonly Issuer[],
  { publicUrl, clock, log }: { publicUrl: string; clock: Clock; log: Pick<Log, "warn"> },
): Issuers {
  assertDistinct(issuers, publicUrl);
  const known: IssuerWithKeys[] = issuers.map((issuer) => ({ issuer, keys: createRemoteKeys(issuer.jwksUrl, clock, log) }));
  const cache = createTokenCache<CachedClaims>(clock);

  return {
    async verify(token) {
      const cached = cache.find(token);
      // Keys that an issuer has withdrawn take their tokens with them.
      if (cached && cached.keySet === (await cached.keys.find())) return cached;
      const chosen = choose(known, token);
      if (!chosen) return createRefusal("it is not a JWT of a configured issuer");
      const keySet = await chosen.keys.find();
      if (!keySet) return { ok: null, reason: `${chosen.issuer.issuer}: its keys could not be fetched yet` };
      const result = await check(token, chosen, keySet);
      return result.ok ? result : { ...result, reason: `${chosen.issuer.issuer}: ${result.reason}` };
    },
  };

  async function check(token: string, { issuer, keys }: IssuerWithKeys, keySet: KeySet): Promise<VerifiedClaims | Refusal> {
    try {
      const claims = toClaims(issuer, await verifySignature(token, issuer, keySet, clock.now()), clock.now());
      if (!claims.ok) return claims;
      const verified = { ...claims, keySet, keys, hasCurrentKeys: () => keys.peek() === keySet };
      cache.add(token, verified);
      return verified;
    } catch (error) {
      const newer = mayBeOfNewerKey(error, token) ? await keys.findNewer() : null;
      return newer && newer !== keySet ? check(token, { issuer, keys }, newer) : toRefusal(error);
    }
  }
}

/** Whether a key that is not known yet may have signed a token: none of the known has its kid or, of a token without one, its signature. */
function mayBeOfNewerKey(error: unknown, token: string): boolean {
  if (error instanceof errors.JWKSNoMatchingKey) return true;
  return error instanceof errors.JWSSignatureVerificationFailed && decodeProtectedHeader(token).kid === undefined;
}

function assertDistinct(issuers: readonly Issuer[], publicUrl: string): void {
  const [problem] = issuerProblems(issuers, publicUrl);
  if (problem !== undefined) throw new TypeError(`${problem}.`);
}

/** The issuer that a token names; of several with that `iss`, the one whose audience it names, else the one that checks none. */
function choose(known: readonly IssuerWithKeys[], token: string): IssuerWithKeys | null {
  const decoded = decodeUnverified(token);
  const named = known.filter(({ issuer }) => issuer.issuer === decoded?.issuer);
  const find = (audiences: readonly (string | null)[]) => named.find(({ issuer }) => audiences.includes(issuer.audience));
  return find(decoded?.audiences ?? []) ?? find([null]) ?? named[0] ?? null;
}

async function verifySignature(token: string, issuer: Issuer, keySet: KeySet, now: number): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, keySet, {
    algorithms: [...issuer.algorithms],
    issuer: issuer.issuer,
    ...(issuer.audience !== null && { audience: issuer.audience }),
    clockTolerance: issuer.clockToleranceSeconds,
    requiredClaims: ["exp", "iat"],
    currentDate: new Date(now),
  });
  return payload;
}

const userIdSchema = z.union([externalIdSchema, z.int().transform(String)]);
/** A group claim that is absent, null or empty says that the user is in no group. */
const groupIdSchema = z.union([z.literal("").transform(() => null), userIdSchema, z.null()]);
/** An id of the platform's, which is as long at most as any other. */
const prefixed = (prefix: string) =>
  z
    .string()
    .transform((id) => prefix + id)
    .pipe(externalIdSchema);
const timesSchema = z.object({ iat: z.number(), exp: z.number() });

function toClaims(issuer: Issuer, payload: JWTPayload, now: number): IssuedClaims | Refusal {
  const { clockToleranceSeconds } = issuer;
  const userId = userIdSchema.pipe(prefixed(issuer.userIdPrefix ?? "")).safeParse(claimOf(payload, issuer.userIdClaim));
  if (!userId.success) return createRefusal(`its user id claim "${issuer.userIdClaim}" is missing or is not a valid id`);
  const groupId =
    issuer.groupIdClaim === null
      ? undefined
      : groupIdSchema.pipe(prefixed(issuer.groupIdPrefix ?? "").nullable()).safeParse(claimOf(payload, issuer.groupIdClaim) ?? null);
  if (groupId?.success === false) return createRefusal(`its group claim "${issuer.groupIdClaim}" is not a valid id`);
  const name = issuer.nameClaim === null ? undefined : nameSchema.safeParse(claimOf(payload, issuer.nameClaim)).data;
  const { iat, exp } = timesSchema.parse(payload);
  // jose checks this only with a maximum age. A post-dated token would outrank every other assertion about its user until then.
  if ((iat - clockToleranceSeconds) * SECOND_MS > now) return createRefusal('its "iat" is in the future');
  const expiresAt = new Date((exp + clockToleranceSeconds) * SECOND_MS);
  const issuedAt = new Date(iat * SECOND_MS);
  const operatorRule = isOperator(issuer, payload) ? operatorRuleOf(issuer) : null;
  return { ok: true, userId: userId.data, groupId: groupId?.data, name, operatorRule, issuedAt, clockToleranceSeconds, expiresAt };
}

/** The rule by which an issuer makes operators, as a text that is another one where any part of it is; null where it makes none. */
export const operatorRuleOf = ({ issuer, audience, operator }: Issuer): string | null =>
  operator && JSON.stringify([issuer, audience, operator.claim, operator.value]);

function isOperator({ operator }: Issuer, payload: JWTPayload): boolean {
  if (!operator) return false;
  const claim = claimOf(payload, operator.claim);
  return claim === operator.value || (Array.isArray(claim) && claim.includes(operator.value));
}

const claimOf = (payload: JWTPayload, name: string): unknown => (Object.hasOwn(payload, name) ? payload[name] : undefined);
