/**
 * What every peer does beside its own work: a bearer is a JWT that is verified once and then remembered until it expires, and tokens are
 * in a Map.
 */
import { jwtVerify } from "jose";

/** Must be given to `startPeer` and to the JWTs that the load carries. */
const SECRET_VARIABLE = "BENCH_JWT_SECRET";
const TOKEN_LIFETIME_MS = 86_400_000;

interface Bearer {
  userId: string;
  expiresAt: number;
}

interface Token {
  value: string;
  expiresAt: number;
}

const secret = new TextEncoder().encode(process.env[SECRET_VARIABLE]);
const bearers = new Map<string, Bearer>();
const tokens = new Map<string, Token>([
  ["ada:bench", { value: process.env["BENCH_TOKEN"] ?? "", expiresAt: Date.now() + TOKEN_LIFETIME_MS }],
]);

/** The user of a bearer that was verified before and has not expired. */
export function rememberedUser(authorization: string | undefined): string | null {
  const bearer = bearers.get(authorization ?? "");
  return bearer !== undefined && bearer.expiresAt > Date.now() ? bearer.userId : null;
}

/** The user of a bearer. Throws where it does not verify. */
export async function authenticate(authorization: string | undefined): Promise<string> {
  const known = rememberedUser(authorization);
  if (known !== null) return known;
  const { payload } = await jwtVerify((authorization ?? "").replace(/^Bearer /, ""), secret);
  const userId = payload.sub ?? "";
  bearers.set(authorization ?? "", { userId, expiresAt: (payload.exp ?? 0) * 1000 });
  return userId;
}

/** A user's token that has not expired, or null. */
export function findToken(userId: string, slug: string): string | null {
  const token = tokens.get(`${userId}:${slug}`);
  return token !== undefined && token.expiresAt > Date.now() ? token.value : null;
}
