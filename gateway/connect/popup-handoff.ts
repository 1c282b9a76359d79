import { z } from "zod";
import type { OneTimeTokens } from "../auth/one-time-tokens.ts";
import { hashSecret, SealError, type Sealer } from "../store/sealing.ts";

const handedOverSchema = z.object({
  userId: z.string(),
  /** Of the attempt that the window goes on with: the hash of its state. Null where none was started. */
  stateHash: z.string().nullable(),
});

/** Who a window acts for, and what it goes on with. */
export type HandedOver = z.output<typeof handedOverSchema>;

/**
 * Carries a user from a page of the platform into a window of the gateway (contract, "Sessions").
 *
 * The page's requests to the gateway are cross-site: browsers that block or partition third-party cookies keep what `POST
 * /connections/:slug` sets away from the popup, which is first-party. So the one-time token says which attempt the popup is for, and the
 * popup is bound to it by a new secret of its own: no secret of a browser is ever handed over. What the token says is sealed, and bound
 * to it.
 */
export interface HandOver {
  /** Lives for a minute unless configured. */
  create(handedOver: HandedOver): Promise<string>;
  /** Uses the token up; null when it is unknown, expired, used or not one of ours. */
  redeem(token: string): Promise<HandedOver | null>;
}

export function createHandOver({ oneTimeTokens, sealer }: { oneTimeTokens: OneTimeTokens; sealer: Sealer }): HandOver {
  const contextOf = (secret: string) => `one-time-token:${hashSecret(secret)}`;
  const open = (envelope: string, secret: string): HandedOver | null => {
    try {
      return handedOverSchema.parse(JSON.parse(sealer.open(envelope, contextOf(secret))));
    } catch (error) {
      // Also one of the version before, which sealed something else.
      if (error instanceof SealError || error instanceof SyntaxError) return null;
      throw error;
    }
  };

  return {
    async create(handedOver) {
      const { token } = await oneTimeTokens.create(handedOver.userId);
      return `${token}.${sealer.seal(JSON.stringify(handedOver), contextOf(token))}`;
    },

    async redeem(token) {
      const dot = token.indexOf(".");
      const secret = token.slice(0, Math.max(dot, 0));
      const handedOver = open(token.slice(dot + 1), secret);
      return handedOver !== null && (await oneTimeTokens.redeem(secret)) === handedOver.userId ? handedOver : null;
    },
  };
}
