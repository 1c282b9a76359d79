/**
 * The one table from an error code to an end user's words. Pages, `errorMessage` and the client's catalog are made of it. A provider's own
 * text is never among them.
 */

/** What is wrong with a connection, and what its user can do, each in a sentence or two. */
export interface Problem {
  title: string;
  advice: string;
  /** False where the user decided so: nothing is broken. */
  isAlarm: boolean;
}

/** In what a code was met: while connecting, or by a connection that was made. */
export type ProblemKind = "attempt" | "unavailable" | "misconfigured" | "reconnect_required";

/** Accounts at the provider, as they are shown to their users: the one that came back, and the one that was expected. */
export interface ProblemAccounts {
  actual: string | null;
  expected: string | null;
}

type Sentence = (name: string, accounts: ProblemAccounts) => readonly [title: string, advice: string];

const noAccounts: ProblemAccounts = { actual: null, expected: null };
/** Longest name of an account in a sentence, in characters. */
const LONGEST_ACCOUNT = 100;

const cut = (account: string): string => (account.length > LONGEST_ACCOUNT ? `${account.slice(0, LONGEST_ACCOUNT)}…` : account);

const again = "Try again in a moment.";
const tellOperator = "Only the people who run this app can mend this: please tell them.";

const unavailable: Sentence = (name) => [`${name} is not available right now.`, again];
const wrongCredentials: Sentence = (name) => [`${name} does not accept this app's credentials.`, tellOperator];
const wrongRequest: Sentence = (name) => [`${name} does not accept how this app connects to it.`, tellOperator];
const revoked: Sentence = (name) => [
  `${name} no longer accepts this connection.`,
  "It may have been revoked, or a password changed. Reconnect to go on.",
];
const notGranted: Sentence = (name) => [
  `Access to ${name} was not granted.`,
  "Nothing has changed. Connect again when you want to. If you may not approve it, ask your administrator to.",
];
const lostWay: Sentence = (name) => [
  `The answer from ${name} did not belong to this attempt.`,
  "Connect again from here, and finish in the same browser.",
];

/** What only the operator can mend. */
const operatorSentences: Record<string, Sentence> = {
  invalid_client: wrongCredentials,
  http_401: wrongCredentials,
  unauthorized_client: (name) => [`${name} does not allow this app to connect.`, tellOperator],
  invalid_scope: (name) => [`${name} does not know a permission that was asked for.`, tellOperator],
  invalid_request: wrongRequest,
  unsupported_response_type: wrongRequest,
  unsupported_grant_type: wrongRequest,
  invalid_target: wrongRequest,
  disabled: (name) => [`This ${name} connection was disabled.`, "Only the people who run this app can enable it again: please ask them."],
  unopened: (name) => [`This app cannot read what it has stored for ${name}.`, tellOperator],
};

/** What connecting again mends. */
const reconnectSentences: Record<string, Sentence> = {
  invalid_grant: revoked,
  invalid_token: revoked,
  expired_token: revoked,
  token_rejected: revoked,
  restored_backup: (name) => [
    `${name} no longer accepts this connection.`,
    "This app was restored from a backup, and the connection has changed since. Reconnect to go on.",
  ],
  client_changed: (name) => [`This app has changed how it connects to ${name}.`, "Reconnect to go on."],
  expired: (name) => [`The access to ${name} has ended.`, `${name} gives it for a limited time. Reconnect to go on.`],
};

/** What passes. */
const momentarySentences: Record<string, Sentence> = {
  server_error: (name) => [`${name} has a problem of its own right now.`, again],
  temporarily_unavailable: unavailable,
  unparsable: unavailable,
  redirected: unavailable,
  too_large: unavailable,
  timeout: unavailable,
  aborted: unavailable,
  unreachable: unavailable,
  connection_lost: unavailable,
};

/** By the provider's error code (RFC 6749 sections 4.1.2.1 and 5.2, RFC 8707, OpenID Connect Core section 3.1.2.6), or the gateway's. */
const sentences: Record<string, Sentence> = {
  ...operatorSentences,
  ...reconnectSentences,
  ...momentarySentences,
  login_required: (name) => [`You were not signed in to ${name}.`, "Sign in there, then connect again."],
  account_selection_required: (name) => [`${name} needs to know which account.`, "Connect again and choose one."],
  consent_required: (name) => [`${name} needs your consent.`, "Connect again and approve the request."],
  interaction_required: (name) => [`${name} needs something from you first.`, "Connect again and follow its steps."],
  device_code_expired: (name) => [`The code for ${name} was not entered in time.`, "Get a new code to go on."],
  account_mismatch: (name, { actual, expected }) => [
    `That was another ${name} account than before${actual && expected ? `: ${cut(actual)}, not ${cut(expected)}` : ""}.`,
    "Reconnect with the account you used, or disconnect first to use another one.",
  ],
  account_unknown: (name) => [`${name} did not say whose account this is.`, "Nothing has changed. Connect again to try once more."],
  account_in_use: (name) => [
    `This ${name} account is already connected elsewhere in this app.`,
    "It can be connected in one place at a time. Disconnect it there first, or connect another account.",
  ],
  disconnected: (name) => [`${name} was disconnected while it was being connected.`, "Connect again if that was not intended."],
  moved: (name) => [`Your group changed while ${name} was being connected.`, "Connect again: it will be your current group's."],
  issuer_mismatch: lostWay,
  state_mismatch: lostWay,
  missing_code: lostWay,
  invalid_callback: lostWay,
  internal: () => ["Something went wrong on our side.", "Try again in a moment. If it keeps failing, tell the people who run this app."],
  interrupted: (name) => [`Connecting ${name} was interrupted.`, "Connect again."],
};

const unknownSentences: Record<ProblemKind, Sentence> = {
  attempt: (name) => [`${name} could not be connected.`, "Try to connect again. If it keeps failing, tell the people who run this app."],
  unavailable,
  misconfigured: wrongRequest,
  reconnect_required: revoked,
};

/** Where a code means another thing to a connection that was made than to one that is being made. */
const sentencesOf: Record<ProblemKind, Record<string, Sentence>> = {
  attempt: sentences,
  unavailable: momentarySentences,
  misconfigured: operatorSentences,
  reconnect_required: reconnectSentences,
};

/** Codes by which providers say that the person has decided so: `access_denied`, `user_cancelled_login`. */
const OWN_CHOICE = /denied|declined|cancell?ed/i;

/** A code that can be shown: one word, which is no address. */
const SHOWN_CODE = /^[a-z\d_]{1,40}$/i;

/** A status of the moment: nothing is wrong with the request. */
const MOMENTARY_STATUS = /^http_(408|425|429|5\d\d)$/;

const known = (table: Record<string, Sentence>, code: string): Sentence | undefined =>
  Object.hasOwn(table, code) ? table[code] : undefined;

/** What a code means to an end user; `name` is the connector's. */
export function describeProblem(name: string, code: string | null, kind: ProblemKind, accounts: ProblemAccounts = noAccounts): Problem {
  const isOwnChoice = kind === "attempt" && OWN_CHOICE.test(code ?? "");
  const sentence = isOwnChoice ? notGranted : (known(sentencesOf[kind], code ?? "") ?? unknownSentence(kind, code ?? ""));
  const [title, advice] = sentence(name, accounts);
  return { title, advice: kind === "unavailable" ? "It is tried again by itself: there is nothing to do." : advice, isAlarm: !isOwnChoice };
}

function unknownSentence(kind: ProblemKind, code: string): Sentence {
  if (kind !== "attempt") return unknownSentences[kind];
  if (MOMENTARY_STATUS.test(code)) return unavailable;
  const { attempt } = unknownSentences;
  return shownCode(code) ? (name) => [`Access to ${name} was not granted${shownCode(code)}.`, attempt(name, noAccounts)[1]] : attempt;
}

/** A code as part of a sentence on a page; nothing where it could be more than a code. */
export const shownCode = (code: string): string => (SHOWN_CODE.test(code) ? ` (${code})` : "");

/** Both sentences in one. */
export const toSentence = ({ title, advice }: Problem): string => `${title} ${advice}`;

/** A code as it may stand in a message to a user: one that is not known may be any text of the provider's. */
export const nameOfCode = (code: string | null): string | null =>
  code !== null && (known(sentences, code) || MOMENTARY_STATUS.test(code)) ? code : null;
