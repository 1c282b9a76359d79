import type { Owner } from "../../schema/upstream.ts";

/** What is recorded, as `noun.verb`. A further act adds its name here, and calls `Audit.record`. */
export const auditActions = [
  "token.read",
  "token.refresh",
  "connection.start",
  "connection.connect",
  "connection.disconnect",
  "connection.refresh",
  "connection.disable",
  "connection.enable",
  "connection.import",
  "connection.export",
  "user.provision",
  "user.revoke",
  "session.revoke",
  "user.move",
  "user.export",
  "user.erase",
  "key.create",
  "key.revoke",
  "key.rotate",
  "key.reseal",
  "webhook.replay",
  "operator.sign_in",
  "operator.sign_out",
  "audit.lost",
] as const;

export type AuditAction = (typeof auditActions)[number];

/**
 * Who acts: a user, a server by its API key, the operator at the command line or the operator's page, or the gateway by itself. `userId`
 * is null where the upstream alone knows it and has not said it. At the page, an operator has the key or is the user that signed in there.
 */
export type AuditActor =
  | { readonly kind: "user"; readonly userId: string | null; readonly sessionId: string | null }
  | { readonly kind: "platform"; readonly keyId: string }
  | { readonly kind: "operator"; readonly keyId?: string; readonly userId?: string }
  | { readonly kind: "gateway" };

/** The user who acts; null where no user does, or the upstream alone knows which. */
export const userIdOf = (actor: AuditActor): string | null => ("userId" in actor ? (actor.userId ?? null) : null);

/** The publishable key of who acts; null where there is none. */
export const keyIdOf = (actor: AuditActor): string | null => ("keyId" in actor ? (actor.keyId ?? null) : null);

export const theOperator: AuditActor = { kind: "operator" };
export const theGateway: AuditActor = { kind: "gateway" };

/** Where a request came from. Each part is null where it is not known. */
export interface RequestOrigin {
  readonly requestId: string | null;
  readonly address: string | null;
  /** Its `User-Agent`. */
  readonly agent: string | null;
}

/**
 * One act, before it is written. What is left out is not known, or there is none. It never holds a token, a code, a key, or the label of
 * an account: persons are named by the platform's id alone, which is stored as a pseudonym.
 */
export interface AuditEvent {
  readonly action: AuditAction;
  readonly actor: AuditActor;
  /** The outcome, as a code: `AccessToken`, `refreshed`, `invalid_grant`. Default: `done`. */
  readonly outcome?: string;
  /** The owner of the connection, or the user, that it is about. */
  readonly owner?: Owner | null;
  readonly connectionId?: string | null;
  /** The connector's slug. */
  readonly connector?: string | null;
  /** Of the token that was given. */
  readonly fingerprint?: string | null;
  /** Why, in the caller's words: at most `MAXIMUM_PURPOSE_CHARACTERS`. */
  readonly purpose?: string | null;
  readonly from?: RequestOrigin | null;
  /** Further facts of few bytes: a count, the id of an API key. */
  readonly details?: Readonly<Record<string, string | number>>;
}

/** The longest `User-Agent` that is kept, in characters. */
const MAXIMUM_AGENT_CHARACTERS = 256;

/** A `User-Agent`, cut to what is kept. */
export const agentOf = (headers: Pick<Headers, "get">): string | null =>
  headers.get("user-agent")?.slice(0, MAXIMUM_AGENT_CHARACTERS) ?? null;
