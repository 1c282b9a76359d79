import { z } from "zod";

/** A token as Nango holds it, without what belongs to it alone: refresh tokens, client secrets, what the provider said. */
export interface HeldToken {
  value: string;
  tokenType: string;
  /** In milliseconds; not after it was issued. */
  issuedAt: number;
  /** In milliseconds; null when unknown. */
  expiresAt: number | null;
  scopes: string[];
  /** What the user typed; null with OAuth. */
  fields: Record<string, string> | null;
}

/** Credentials that hold no token that could be handed out. */
export interface NoToken {
  /** `NONE`: the key may read no credentials, or there are none. Else the type of credentials, as `OAUTH1`. */
  type: string;
}

const secret = z.string().min(1);
const instant = z
  .string()
  .nullish()
  .catch(null)
  .transform((text) => {
    const at = Date.parse(text ?? "");
    return Number.isNaN(at) ? null : at;
  });
const said = z
  .object({ scope: z.string().nullish().catch(null), token_type: z.string().nullish().catch(null) })
  .nullish()
  .catch(null);

const accessToken = z.object({ type: z.enum(["OAUTH2", "APP"]), access_token: secret, expires_at: instant, raw: said });
const plainToken = z.object({ type: z.enum(["OAUTH2_CC", "JWT", "TWO_STEP", "SIGNATURE"]), token: secret, expires_at: instant });
const apiKey = z.object({ type: z.literal("API_KEY"), apiKey: secret });
const basic = z.object({ type: z.literal("BASIC"), username: z.string(), password: z.string() });
const bill = z.object({ type: z.literal("BILL"), session_id: secret, expires_at: instant });
const custom = z.object({ type: z.literal("CUSTOM"), app: accessToken });

const credentials = z.discriminatedUnion("type", [accessToken, plainToken, apiKey, basic, bill, custom]);
const anyType = z.object({ type: z.string() });

/**
 * The one token of any kind of credentials.
 * @param notedAt when Nango last wrote the credentials, in milliseconds; null where it does not say.
 */
export function parseCredentials(given: unknown, notedAt: number | null): HeldToken | NoToken {
  const parsed = credentials.safeParse(given);
  if (!parsed.success) return { type: anyType.safeParse(given).data?.type ?? "NONE" };
  const { data } = parsed;
  switch (data.type) {
    case "OAUTH2":
    case "APP":
      return toHeld(data.access_token, data.expires_at, notedAt, data.raw);
    case "CUSTOM":
      return toHeld(data.app.access_token, data.app.expires_at, notedAt, data.app.raw);
    case "BILL":
      return toHeld(data.session_id, data.expires_at, notedAt);
    case "API_KEY":
      return { ...toHeld(data.apiKey, null, notedAt), tokenType: "api_key", fields: { apiKey: data.apiKey } };
    case "BASIC":
      return toBasic(data, notedAt);
    default:
      return toHeld(data.token, data.expires_at, notedAt);
  }
}

export const isToken = (parsed: HeldToken | NoToken): parsed is HeldToken => "value" in parsed;

function toHeld(value: string, expiresAt: number | null, notedAt: number | null, raw: z.output<typeof said> = null): HeldToken {
  return {
    value,
    tokenType: raw?.token_type ?? "bearer",
    issuedAt: notedAt ?? 0,
    expiresAt,
    // RFC 6749 section 3.3 has spaces; some providers write commas.
    scopes: (raw?.scope ?? "").split(/[\s,]+/).filter((scope) => scope !== ""),
    fields: null,
  };
}

/** The value is what follows `Basic` in a header (RFC 7617 section 2). */
const toBasic = ({ username, password }: z.output<typeof basic>, notedAt: number | null): HeldToken => ({
  ...toHeld(Buffer.from(`${username}:${password}`).toString("base64"), null, notedAt),
  tokenType: "basic",
  fields: { username, password },
});
