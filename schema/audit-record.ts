/** One act as the audit shows it, or several equal readings of a token. */
export interface AuditRecord {
  id: string;
  /** As `noun.verb`: `token.read`, `connection.disconnect`. */
  action: string;
  /** The outcome, as a code: `AccessToken`, `refreshed`, `invalid_grant`, `done`. */
  outcome: string;
  /** How many equal readings there were, from the first to the last. */
  count: number;
  firstAt: Date;
  lastAt: Date;
  actor: {
    /** A user, a server, the operator, or the gateway by itself. */
    kind: "user" | "platform" | "operator" | "gateway";
    /** A user, or an operator who is one. Null for others, and once the user is erased. */
    userId: string | null;
    /** The user's random name in the audit. It is kept after an erasure. */
    person: string | null;
    /** The publishable key of a server, or of an operator who signed in on the operator's page. */
    keyId: string | null;
    sessionId: string | null;
  };
  /** The owner of the connection, or the user, that it is about. `id` is null once the user is erased. */
  owner: { kind: "user" | "group"; id: string | null; person: string | null } | null;
  connectionId: string | null;
  connector: string | null;
  /** Of the token that was given. */
  fingerprint: string | null;
  purpose: string | null;
  requestId: string | null;
  /** Null where they are not known, and once the user is erased. */
  address: string | null;
  agent: string | null;
  details: Readonly<Record<string, string | number>>;
}

/** Filters for audit events. An event must match all of them. */
export interface AuditFilter {
  /** Since this instant, or later. */
  since?: Date | undefined;
  /** Before this instant. */
  until?: Date | undefined;
  /** Those that this user did, and those about their own connections. */
  userId?: string | undefined;
  connectionId?: string | undefined;
  action?: string | undefined;
}
