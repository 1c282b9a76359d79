import { decryptOAuthToken, setTokenUtil } from "better-auth/oauth2";
import { type BetterAuth, contextOf } from "./context.ts";

/** What begins a token that better-auth has sealed with one of several secrets. */
const ENVELOPE = "$ba$";

/** A stored token that better-auth's secrets do not open. */
export class UnopenedTokenError extends Error {
  override readonly name = "UnopenedTokenError";
}

/** Opens and seals tokens as better-auth does, by its own functions. */
export interface Secrets {
  /** Throws `UnopenedTokenError`. */
  open(stored: string): Promise<string>;
  seal(token: string): Promise<string>;
}

export const createSecrets = (auth: BetterAuth): Secrets => ({
  async open(stored) {
    const context = await contextOf(auth);
    try {
      const token = await decryptOAuthToken(stored, context);
      if (token && (token !== stored || !stored.startsWith(ENVELOPE))) return token;
    } catch {
      // What better-auth says of it may hold parts of it.
    }
    throw new UnopenedTokenError("A stored token cannot be decrypted with better-auth's secrets.");
  },
  async seal(token) {
    const sealed = await setTokenUtil(token, await contextOf(auth));
    if (!sealed) throw new TypeError("better-auth returned nothing to store.");
    return sealed;
  },
});
