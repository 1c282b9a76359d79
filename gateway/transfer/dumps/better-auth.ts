import { z } from "zod";
import { safeParseJson } from "../../runtime/json.ts";
import { instantOf, type ReadLine, unreadable } from "./read.ts";

const text = z
  .string()
  .nullish()
  .transform((value) => value || null);

/** A row of better-auth's table of accounts, as JSON. */
const rowSchema = z.object({
  id: z.string(),
  userId: z.string(),
  providerId: z.string(),
  accountId: text,
  accessToken: text,
  refreshToken: text,
  accessTokenExpiresAt: text,
  refreshTokenExpiresAt: text,
  scope: text,
  createdAt: text,
});

/** Accounts of users with passwords: no provider is behind them. */
const PASSWORD_PROVIDER = "credential";
/** What better-auth takes for one of its ciphertexts. */
const isSealed = (token: string): boolean => token.startsWith("$ba$") || (token.length % 2 === 0 && /^[0-9a-f]+$/i.test(token));

/** Opens a token that better-auth has sealed. Throws where it does not open. */
export type OpenToken = (sealed: string) => Promise<string>;

export interface BetterAuthOptions {
  /** Null: `account.encryptOAuthTokens` is off, and tokens are stored as they are. */
  open: OpenToken | null;
  /** Connectors by the provider's id, where their slug is another. */
  connectorOf: ReadonlyMap<string, string>;
}

/** Reads rows of better-auth's table of accounts. */
export function createBetterAuthReader({ open, connectorOf }: BetterAuthOptions): ReadLine {
  const opened = async (token: string | null) => (token && open && isSealed(token) ? open(token) : token);
  return async (line) => {
    const parsed = rowSchema.safeParse(safeParseJson(line));
    if (!parsed.success) return unreadable("The line is not a row of better-auth's account table in JSON.");
    const row = parsed.data;
    if (row.providerId === PASSWORD_PROVIDER) return { ...unreadable("The row holds a password, not a connection."), isSkipped: true };
    try {
      const [accessToken, refreshToken] = [await opened(row.accessToken), await opened(row.refreshToken)];
      return { ok: true, data: toConnection(row, connectorOf, { accessToken, refreshToken }) };
    } catch {
      // What better-auth says of it may hold parts of it.
      return unreadable("Its tokens cannot be decrypted with BETTER_AUTH_SECRET.");
    }
  };
}

function toConnection(
  row: z.output<typeof rowSchema>,
  connectorOf: ReadonlyMap<string, string>,
  { accessToken, refreshToken }: { accessToken: string | null; refreshToken: string | null },
) {
  const scopes = (row.scope ?? "").split(/[\s,]+/).filter((scope) => scope !== "");
  return {
    import_id: `better-auth:${row.id}`,
    user: row.userId,
    connector: connectorOf.get(row.providerId) ?? row.providerId,
    access_token: accessToken,
    refresh_token: refreshToken,
    expires_at: instantOf(row.accessTokenExpiresAt),
    refresh_expires_at: instantOf(row.refreshTokenExpiresAt),
    ...(scopes.length > 0 && { scopes }),
    account_id: row.accountId,
    created_at: instantOf(row.createdAt),
    connected_at: instantOf(row.createdAt),
  };
}
