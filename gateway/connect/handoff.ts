import { z } from "zod";
import type { OneTimeTokens } from "../auth/one-time-tokens.ts";
import { hashSecret, SealError, type Sealer } from "../store/sealing.ts";
import type { RequestLimits } from "../http/rate-limits.ts";
import type { Vault } from "../vault/vault.ts";

export const handoffSchema = z.object({
  userId: z.string(),
  /** Of the attempt that the window goes on with: the hash of its state. Null where none was started. */
  stateHash: z.string().nullable(),
});

/** Who a window acts for, and what it goes on with. */
export type Handoff = z.output<typeof handoffSchema>;

/**
 * Carries a user from a page of the platform into a window of the gateway (contract, "Sessions").
 *
 * The page's requests to the gateway are cross-site: browsers that block or partition third-party cookies keep what `POST
 * /connections/:slug` sets away from the popup, which is first-party. So the one-time token says which attempt the popup is for, and the
 * popup is bound to it by a new secret of its own: no secret of a browser is ever handed over. What the token says is sealed, and bound
 * to it.
 */
export interface HandoffTokens<Content extends { userId: string } = Handoff> {
  create(content: Content): Promise<string>;
  /** What the token says, without using it up; null when it is not one of these. */
  peek(token: string): Content | null;
  /** Uses the token up; null when it is unknown, expired, used or not one of these. */
  redeem(token: string): Promise<Content | null>;
}

/** One kind of them: a token of one kind is none of another. */
export interface HandoffKind<Content> {
  name: string;
  /** What it says. */
  schema: z.ZodType<Content>;
  /** Default: that of one-time tokens. */
  lifetimeSeconds?: number;
}

/** What their tokens are made with. */
export interface HandoffServices {
  oneTimeTokens: OneTimeTokens;
  sealer: Sealer;
}

export function createHandoffTokens<Content extends { userId: string }>(
  { oneTimeTokens, sealer }: HandoffServices,
  { name, schema, lifetimeSeconds }: HandoffKind<Content>,
): HandoffTokens<Content> {
  const contextOf = (secret: string) => `${name}:${hashSecret(secret)}`;

  function open(token: string): { secret: string; content: Content | null } {
    const dot = token.indexOf(".");
    const secret = token.slice(0, Math.max(dot, 0));
    try {
      return { secret, content: schema.parse(JSON.parse(sealer.open(token.slice(dot + 1), contextOf(secret)))) };
    } catch (error) {
      // Also one of the version before, which sealed something else.
      if (error instanceof SealError || error instanceof SyntaxError) return { secret, content: null };
      throw error;
    }
  }

  return {
    async create(content) {
      const { token } = await oneTimeTokens.create(content.userId, lifetimeSeconds);
      return `${token}.${sealer.seal(JSON.stringify(content), contextOf(token))}`;
    },

    peek: (token) => open(token).content,

    async redeem(token) {
      const { secret, content } = open(token);
      return content !== null && (await oneTimeTokens.redeem(secret)) === content.userId ? content : null;
    },
  };
}

/** The one-time tokens that popups are opened with. */
export const createPopupTokens = (services: HandoffServices): HandoffTokens =>
  createHandoffTokens(services, { name: "one-time-token", schema: handoffSchema });

interface Popup {
  /** Null where the upstream connects: its link says what the popup goes on with. */
  vault: Pick<Vault, "findStarted"> | null;
  handoffs: HandoffTokens;
}

/** The token for a popup that a page of this user opens: it goes on with what they started last. Throws RATE_LIMITED. */
export async function handOffToPopup({ vault, handoffs }: Popup, userId: string, limits: RequestLimits): Promise<string> {
  await limits.admit("oneTimeToken", userId);
  return handoffs.create({ userId, stateHash: vault && (await vault.findStarted(userId)) });
}
