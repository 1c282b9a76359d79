import type { AuthContext } from "better-auth";
import { z } from "zod";
import { GatewayError } from "../../../schema/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { fingerprintOf } from "../../vault/sealed-columns.ts";
import { type BetterAuth, contextOf } from "./context.ts";

/** More accounts of one user are not read. better-auth's own default is 100. */
const MAXIMUM_ACCOUNTS = 1_000;
/** When to ask again where better-auth's database does not answer, in seconds. */
const RETRY_SECONDS = 2;
/** Accounts of users with passwords: no provider is behind them. */
const PASSWORD_PROVIDER = "credential";

const text = z
  .string()
  .nullish()
  .transform((value) => value || null);
const date = z
  .date()
  .nullish()
  .transform((value) => value ?? null);

const accountSchema = z.object({
  id: z.string(),
  userId: z.string(),
  providerId: z.string(),
  accessToken: text,
  refreshToken: text,
  idToken: text,
  accessTokenExpiresAt: date,
  refreshTokenExpiresAt: date,
  scope: text,
  createdAt: z.date(),
  updatedAt: z.date(),
});

/** A row of better-auth's account table. Its tokens are as they are stored, sealed or not. */
export type Account = z.output<typeof accountSchema>;

export type TokenColumns = Pick<
  Account,
  "accessToken" | "refreshToken" | "idToken" | "accessTokenExpiresAt" | "refreshTokenExpiresAt" | "updatedAt"
>;

/** better-auth's account table. Everything throws UPSTREAM_UNAVAILABLE when its database does not answer. */
export interface Accounts {
  /** A user's, those with a password left out. */
  list(userId: string): Promise<Account[]>;
  find(id: string): Promise<Account | null>;
  /** Writes over the tokens that were read, and answers false where others are stored by now. */
  replaceTokens(account: Account, columns: TokenColumns): Promise<boolean>;
  /** Whether better-auth's organization has the user. True where better-auth has no organizations. */
  isMember(userId: string, organizationId: string): Promise<boolean>;
  /** Throws when the table cannot be read. */
  check(): Promise<void>;
}

export function createAccounts(auth: BetterAuth, log: Pick<Log, "error">): Accounts {
  const ask = async <Result>(question: (context: AuthContext) => Promise<Result>): Promise<Result> => {
    try {
      return await question(await contextOf(auth));
    } catch (err) {
      log.error({ err }, "better-auth's database does not answer");
      throw new GatewayError("UPSTREAM_UNAVAILABLE", "The database with the connections does not answer: try again.", {
        retryAfter: RETRY_SECONDS,
      });
    }
  };
  const find = (id: string) =>
    ask(async ({ adapter }) => {
      const row = await adapter.findOne({ model: "account", where: [{ field: "id", value: id }] });
      return row === null ? null : accountSchema.parse(row);
    });
  return {
    find,
    list: (userId) =>
      ask(async ({ adapter }) => {
        const rows = await adapter.findMany({ model: "account", where: [{ field: "userId", value: userId }], limit: MAXIMUM_ACCOUNTS });
        return rows.map((row) => accountSchema.parse(row)).filter(({ providerId }) => providerId !== PASSWORD_PROVIDER);
      }),
    replaceTokens: async (account, columns) => {
      await ask(({ adapter }) => adapter.update({ model: "account", where: whereUnchanged(account), update: columns }));
      // Not every adapter tells whether a row was met.
      const current = await find(account.id);
      return current !== null && current.accessToken === columns.accessToken && current.refreshToken === columns.refreshToken;
    },
    check: () => ask(async ({ adapter }) => void (await adapter.findMany({ model: "account", limit: 1 }))),
    isMember: (userId, organizationId) =>
      ask(async ({ adapter, hasPlugin }) => {
        if (!hasPlugin("organization")) return true;
        const where = [
          { field: "userId", value: userId },
          { field: "organizationId", value: organizationId },
        ];
        return (await adapter.findOne({ model: "member", where })) !== null;
      }),
  };
}

const whereUnchanged = (account: Account): { field: string; value: string }[] => [
  { field: "id", value: account.id },
  ...(["accessToken", "refreshToken"] as const).flatMap((field) => {
    const value = account[field];
    return value === null ? [] : [{ field, value }];
  }),
];

/** Names the stored tokens of an account without being them. */
export const versionOf = ({ accessToken, refreshToken }: Pick<Account, "accessToken" | "refreshToken">): string =>
  fingerprintOf(JSON.stringify([accessToken, refreshToken]));
