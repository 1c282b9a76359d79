/** A table of tokens, as an app may have it already. The app's own pages and jobs write it. */
import Libsql from "libsql";
import { z } from "zod";
// In your own app: "xkit-gateway".
import type { Owner } from "../../gateway/index.ts";

const rowSchema = z.object({
  id: z.string(),
  connector: z.string(),
  account: z.string(),
  /** Null once it was disconnected. */
  token: z.string().nullable(),
  /** In milliseconds, as `connected_at`. */
  expires_at: z.number(),
  connected_at: z.number(),
});

export type TokenRow = z.output<typeof rowSchema>;

export interface TokenTable {
  /** An owner's rows, those with a token first. */
  list(owner: Owner): TokenRow[];
  /** What the app's own OAuth callback and refresh job call. */
  put(owner: Owner, row: Omit<TokenRow, "id" | "connected_at">): void;
  removeToken(id: string): void;
  close(): void;
}

export function openTokenTable(path: string): TokenTable {
  const database = new Libsql(path);
  database.exec(`CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, owner_kind TEXT NOT NULL, owner_id TEXT NOT NULL, connector TEXT NOT NULL, account TEXT NOT NULL,
    token TEXT, expires_at INTEGER NOT NULL, connected_at INTEGER NOT NULL, UNIQUE (owner_kind, owner_id, connector)
  )`);
  return {
    list({ kind, id }) {
      const select = database.prepare(
        "SELECT * FROM tokens WHERE owner_kind = ? AND owner_id = ? ORDER BY token IS NULL, connected_at DESC",
      );
      return select.all(kind, id).map((row) => rowSchema.parse(row));
    },
    put({ kind, id }, { connector, account, token, expires_at: expiresAt }) {
      database
        .prepare(
          `INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (owner_kind, owner_id, connector) DO UPDATE SET
           account = excluded.account, token = excluded.token, expires_at = excluded.expires_at, connected_at = excluded.connected_at`,
        )
        .run(crypto.randomUUID(), kind, id, connector, account, token, expiresAt, Date.now());
    },
    removeToken: (id) => void database.prepare("UPDATE tokens SET token = NULL WHERE id = ?").run(id),
    close: () => void database.close(),
  };
}
