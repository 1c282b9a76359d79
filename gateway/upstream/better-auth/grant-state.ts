import { z } from "zod";
import { EXPIRED_CODE } from "../../../schema/outcomes.ts";
import type { Health } from "../../../schema/upstream.ts";
import type { Notes } from "../../store/notes.ts";
import { type Account, versionOf } from "./accounts.ts";

const instant = z.number().nullable();
const code = z.string().nullable();

const stateSchema = z.object({
  /** The stored tokens that this is said of: those that a refresh has read, and those that it has written. */
  versions: z.array(z.string()),
  /** Names the grant, which a refresh does not change and connecting again does. */
  grant: z.string(),
  /** Why the grant is dead. */
  error_code: code,
  failures: z.number(),
  failing_since: instant,
  retry_at: instant,
  failure_kind: z.enum(["temporary", "misconfigured"]).nullable(),
  failure_code: code,
  failure_message: code,
  forced_at: instant,
  health_changed_at: instant,
});

/** What the account table has no column for, by the names that the vault has for it. */
export type GrantState = z.output<typeof stateSchema>;

/** The states of grants, in the notes of the gateway's store. */
export interface GrantStates {
  readAll(accounts: readonly Account[]): Promise<ReadonlyMap<string, GrantState>>;
  read(account: Account): Promise<GrantState>;
  /** `next`: the tokens that are about to be stored in place of the account's. */
  write(account: Account, state: GrantState, next?: Pick<Account, "accessToken" | "refreshToken">): Promise<void>;
  remove(account: Account): Promise<void>;
}

export const keyOf = ({ id }: Pick<Account, "id">): string => `better-auth:${id}`;

export function createGrantStates(notes: Notes): GrantStates {
  const readAll = async (accounts: readonly Account[]) => {
    const texts = await notes.read(accounts.map(keyOf));
    return new Map(accounts.map((account) => [account.id, stateOf(account, texts.get(keyOf(account)))]));
  };
  return {
    readAll,
    read: async (account) => (await readAll([account])).get(account.id) ?? newState(account),
    write: (account, state, next) => {
      const versions = [versionOf(account), ...(next ? [versionOf(next)] : [])];
      return notes.write(keyOf(account), JSON.stringify({ ...state, versions } satisfies GrantState));
    },
    remove: (account) => notes.write(keyOf(account), null),
  };
}

/** What is noted of other tokens is said of a grant that was replaced since. */
function stateOf(account: Account, text: string | undefined): GrantState {
  if (text === undefined) return newState(account);
  const state = stateSchema.parse(JSON.parse(text));
  return state.versions.includes(versionOf(account)) ? state : { ...newState(account), forced_at: state.forced_at };
}

const newState = (account: Account): GrantState => ({
  versions: [versionOf(account)],
  grant: versionOf(account),
  error_code: null,
  failures: 0,
  failing_since: null,
  retry_at: null,
  failure_kind: null,
  failure_code: null,
  failure_message: null,
  forced_at: null,
  health_changed_at: null,
});

/** What the last refresh has shown, and since when. */
export function healthOf(
  account: Account,
  state: GrantState,
  now: number,
): { health: Health; code: string | null; changedAt: number | null } {
  const changedAt = state.health_changed_at;
  if (state.error_code !== null) return { health: "reconnect_required", code: state.error_code, changedAt };
  if (state.failure_kind === "misconfigured") return { health: "misconfigured", code: state.failure_code, changedAt };
  const expiresAt = account.accessTokenExpiresAt?.getTime() ?? null;
  if (account.refreshToken === null && expiresAt !== null && expiresAt <= now)
    return { health: "reconnect_required", code: EXPIRED_CODE, changedAt: expiresAt };
  if (state.failure_kind === "temporary") return { health: "unavailable", code: state.failure_code, changedAt };
  return { health: "working", code: null, changedAt };
}

/** The state after a change, with the instant where it changes the grant's health. */
export function changeState(account: Account, before: GrantState, change: Partial<GrantState>, now: number): GrantState {
  const after = { ...before, ...change };
  const isSame = healthOf(account, before, now).health === healthOf(account, after, now).health;
  return isSame ? after : { ...after, health_changed_at: now };
}
