import { bearer, createKey, issue, openStore, startAuth, startIssuer, type TestKey } from "./auth.ts";
import { createManualClock } from "../../gateway/upstream-suite/manual-clock.ts";

/** What every refused token is answered with. */
export const GENERIC = { code: "UNAUTHENTICATED", message: "The token was refused: sign in again." };

/** Slow to make, so it is made once. */
export const key = await createKey("k1");

/** A gateway that trusts an issuer with `key`, and a way to ask with its tokens. */
export const setUp = async (overrides: Parameters<typeof startIssuer>[0] = {}) => {
  const clock = createManualClock();
  const issuer = await startIssuer(overrides);
  issuer.publish(key);
  const auth = await startAuth(await openStore(clock), clock, { issuers: [issuer.config] });
  const ask = (token: string) => auth.authenticate(bearer(token));
  const askWith = async (claims: Record<string, unknown>, by: TestKey = key) => ask(await issue(by, clock, claims));
  return { clock, issuer, key, auth, ask, askWith };
};

/** The asker that a token makes. */
export const viewer = (userId: string, groupId: string | null = null, name: string | null = null) => ({
  kind: "user",
  viewer: { userId, groupId, name },
});
