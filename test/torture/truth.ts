import { randomBytes } from "node:crypto";
import { graceMsOf, TOKEN_LIFE_MS } from "./plan.ts";

/** A grant as the provider knows it. */
export interface TrueGrant {
  connection: number;
  account: string;
  graceMs: number;
  revoked: { atMs: number; why: "its user took it back" | "a used refresh token came again" } | null;
  refreshRequests: number;
  inFlight: number;
  mostInFlight: number;
}

/** One refresh that made new tokens. */
export interface Rotation {
  atMs: number;
  /** Of the gateway that asked. */
  process: number;
  /** Null while it is on its way. */
  answeredAtMs: number | null;
  isLost: boolean;
}

interface RefreshToken {
  grant: TrueGrant;
  rotations: Rotation[];
}

export interface TrueAccessToken {
  grant: TrueGrant;
  issuedAtMs: number;
  expiresAtMs: number;
}

export interface IssuedTokens {
  accessToken: string;
  refreshToken: string;
}

export type Redemption = { tokens: IssuedTokens; rotation: Rotation } | { tokens: null; rotation: null };

/** A used refresh token that came again when it was honoured no more: the provider took it for theft. */
export interface Reuse {
  grant: TrueGrant;
  atMs: number;
  process: number;
  rotations: readonly Rotation[];
}

const SECRET_BYTES = 18;

/** The provider's memory: the truth that gateways are judged by. Refresh tokens rotate; reuse past the grace window revokes. */
export function createTruth() {
  const grants = new Map<number, TrueGrant>();
  const refreshTokens = new Map<string, RefreshToken>();
  const accessTokens = new Map<string, TrueAccessToken>();
  const reuses: Reuse[] = [];

  function issue(grant: TrueGrant): IssuedTokens {
    const secret = () => randomBytes(SECRET_BYTES).toString("base64url");
    const tokens = { accessToken: `access-${secret()}`, refreshToken: `refresh-${secret()}` };
    const now = Date.now();
    accessTokens.set(tokens.accessToken, { grant, issuedAtMs: now, expiresAtMs: now + TOKEN_LIFE_MS });
    refreshTokens.set(tokens.refreshToken, { grant, rotations: [] });
    return tokens;
  }

  return {
    grants,
    refreshTokens,
    reuses,

    createGrant(connection: number, account: string): IssuedTokens {
      const grant = newGrant(connection, account);
      grants.set(connection, grant);
      return issue(grant);
    },

    grantOf: (refreshToken: string): TrueGrant | null => refreshTokens.get(refreshToken)?.grant ?? null,

    /** RFC 6749 section 6. No tokens: `invalid_grant`. */
    redeem(refreshToken: string, process: number): Redemption {
      const refused = { tokens: null, rotation: null };
      const held = refreshTokens.get(refreshToken);
      if (!held || held.grant.revoked) return refused;
      const now = Date.now();
      const [first] = held.rotations;
      if (first && now >= first.atMs + held.grant.graceMs) {
        held.grant.revoked = { atMs: now, why: "a used refresh token came again" };
        reuses.push({ grant: held.grant, atMs: now, process, rotations: [...held.rotations] });
        return refused;
      }
      const rotation = { atMs: now, process, answeredAtMs: null, isLost: false };
      held.rotations.push(rotation);
      return { tokens: issue(held.grant), rotation };
    },

    /** The user takes the grant back at the provider. */
    revoke(connection: number): void {
      const grant = grants.get(connection);
      if (grant) grant.revoked ??= { atMs: Date.now(), why: "its user took it back" };
    },

    findAccessToken: (value: string): TrueAccessToken | null => accessTokens.get(value) ?? null,
  };
}

const newGrant = (connection: number, account: string): TrueGrant => ({
  connection,
  account,
  graceMs: graceMsOf(connection),
  revoked: null,
  refreshRequests: 0,
  inFlight: 0,
  mostInFlight: 0,
});

export type Truth = ReturnType<typeof createTruth>;
