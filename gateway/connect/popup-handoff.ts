import type { OneTimeTokens } from "../auth/one-time-tokens.ts";
import { hashSecret, SealError, type Sealer } from "../store/sealing.ts";

/** Who a popup acts for, and what binds it to the page that opened it. */
export interface HandedOver {
  userId: string;
  /** What the browser-binding cookie of the page's own requests holds, or would hold if the browser kept it. */
  browser: string;
}

/**
 * Carries a user and a browser binding from a page of the platform into a popup of the gateway (contract, "Sessions").
 *
 * The page's requests to the gateway are cross-site: browsers that block or partition third-party cookies keep the binding cookie of
 * `POST /connections/:slug` away from the popup, which is first-party. So the binding travels inside the one-time token, sealed, and
 * bound to it: an address that leaks gives nothing away, and no second popup can use it.
 */
export interface HandOver {
  create(handedOver: HandedOver): Promise<string>;
  /** Uses the token up; null when it is unknown, expired, used or not one of ours. */
  redeem(token: string): Promise<HandedOver | null>;
}

export function createHandOver({ oneTimeTokens, sealer }: { oneTimeTokens: OneTimeTokens; sealer: Sealer }): HandOver {
  const contextOf = (secret: string) => `one-time-token:${hashSecret(secret)}`;
  const open = (envelope: string, secret: string): string | null => {
    try {
      return sealer.open(envelope, contextOf(secret));
    } catch (error) {
      if (error instanceof SealError) return null;
      throw error;
    }
  };

  return {
    async create({ userId, browser }) {
      const { token } = await oneTimeTokens.create(userId);
      return `${token}.${sealer.seal(browser, contextOf(token))}`;
    },

    async redeem(token) {
      const dot = token.indexOf(".");
      const secret = token.slice(0, Math.max(dot, 0));
      const browser = open(token.slice(dot + 1), secret);
      const userId = browser === null ? null : await oneTimeTokens.redeem(secret);
      return browser === null || userId === null ? null : { userId, browser };
    },
  };
}
