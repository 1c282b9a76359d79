/**
 * The one table from an error code to an end user's words. Pages, `errorMessage` and the client's catalog are made of it. A provider's own
 * text is never among them.
 */
import * as en from "../client/languages/en.ts";
import type { Refusal } from "./errors.ts";

/** What is wrong with a connection, and what its user can do, each in a sentence or two. */
export interface Problem {
  title: string;
  advice: string;
  /** False where the user decided so: nothing is broken. */
  isAlarm: boolean;
  /** What the two sentences were made of, so that they can be said in another language. */
  about?: ProblemFacts;
}

interface ProblemFacts {
  /** The connector's. */
  name: string;
  code: string;
  kind: ProblemKind;
  accounts: ProblemAccounts;
}

/** In what a code was met: while connecting, or by a connection that was made. */
export type ProblemKind = "attempt" | "unavailable" | "misconfigured" | "reconnect_required";

/** Accounts at the provider, as they are shown to their users: the one that came back, and the one that was expected. */
export interface ProblemAccounts {
  actual: string | null;
  expected: string | null;
}

type Sentences = typeof en.problems;
/** One of the sentences that need no more than the connector's name. */
type Sentence = Exclude<keyof Sentences, "triesByItself" | "otherAccount" | "notGrantedWithCode">;

const noAccounts: ProblemAccounts = { actual: null, expected: null };
/** Longest name of an account in a sentence, in characters. */
const LONGEST_ACCOUNT = 100;

const cut = (account: string): string => (account.length > LONGEST_ACCOUNT ? `${account.slice(0, LONGEST_ACCOUNT)}…` : account);

/** What only the operator can mend. */
const operatorSentences: Record<string, Sentence> = {
  invalid_client: "wrongCredentials",
  http_401: "wrongCredentials",
  unauthorized_client: "notAllowed",
  invalid_scope: "unknownPermission",
  invalid_request: "wrongRequest",
  unsupported_response_type: "wrongRequest",
  unsupported_grant_type: "wrongRequest",
  invalid_target: "wrongRequest",
  disabled: "disabled",
  unopened: "unreadable",
};

/** What connecting again mends. */
const reconnectSentences: Record<string, Sentence> = {
  invalid_grant: "revoked",
  invalid_token: "revoked",
  expired_token: "revoked",
  token_rejected: "revoked",
  restored_backup: "restoredBackup",
  client_changed: "clientChanged",
  expired: "expired",
};

/** What passes. */
const momentarySentences: Record<string, Sentence> = {
  server_error: "serverError",
  temporarily_unavailable: "unavailable",
  unparsable: "unavailable",
  redirected: "unavailable",
  too_large: "unavailable",
  timeout: "unavailable",
  aborted: "unavailable",
  unreachable: "unavailable",
  connection_lost: "unavailable",
};

/** Another account came back than was expected: the sentence names both. */
const OTHER_ACCOUNT = "account_mismatch";

/** By the provider's error code (RFC 6749 sections 4.1.2.1 and 5.2, RFC 8707, OpenID Connect Core section 3.1.2.6), or the gateway's. */
const sentences: Record<string, Sentence> = {
  ...operatorSentences,
  ...reconnectSentences,
  ...momentarySentences,
  login_required: "loginRequired",
  account_selection_required: "accountChoice",
  consent_required: "consentRequired",
  interaction_required: "interactionRequired",
  device_code_expired: "deviceCodeExpired",
  account_unknown: "accountUnknown",
  account_in_use: "accountInUse",
  disconnected: "disconnected",
  moved: "moved",
  issuer_mismatch: "foreignAnswer",
  state_mismatch: "foreignAnswer",
  missing_code: "foreignAnswer",
  invalid_callback: "foreignAnswer",
  internal: "internal",
  interrupted: "interrupted",
};

const unknownSentences: Record<ProblemKind, Sentence> = {
  attempt: "notConnected",
  unavailable: "unavailable",
  misconfigured: "wrongRequest",
  reconnect_required: "revoked",
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

/** What a code means to an end user, in English; `name` is the connector's. */
export function describeProblem(name: string, code: string | null, kind: ProblemKind, accounts: ProblemAccounts = noAccounts): Problem {
  const about = { name, code: code ?? "", kind, accounts };
  return { ...say(about, en.problems), isAlarm: !isOwnChoice(about), about };
}

/** The same problem in another language. One that another upstream has put in its own words stays as it is. */
export const translateProblem = (problem: Problem, sentencesOfLanguage: Sentences): Problem =>
  problem.about ? { ...problem, ...say(problem.about, sentencesOfLanguage) } : problem;

const isOwnChoice = ({ kind, code }: ProblemFacts): boolean => kind === "attempt" && OWN_CHOICE.test(code);

function say(facts: ProblemFacts, words: Sentences): Pick<Problem, "title" | "advice"> {
  const said = sayOf(facts, words);
  return facts.kind === "unavailable" ? { title: said.title, advice: words.triesByItself } : said;
}

function sayOf(facts: ProblemFacts, words: Sentences): Pick<Problem, "title" | "advice"> {
  const { name, code, kind, accounts } = facts;
  if (isOwnChoice(facts)) return words.notGranted(name);
  if (kind === "attempt" && code === OTHER_ACCOUNT) {
    const { actual, expected } = accounts;
    return words.otherAccount(name, actual && expected ? { actual: cut(actual), expected: cut(expected) } : null);
  }
  const sentence = known(sentencesOf[kind], code);
  if (sentence) return words[sentence](name);
  if (kind !== "attempt") return words[unknownSentences[kind]](name);
  if (MOMENTARY_STATUS.test(code)) return words.unavailable(name);
  return shownCode(code) ? words.notGrantedWithCode(name, shownCode(code)) : words[unknownSentences[kind]](name);
}

/** A code as part of a sentence on a page; nothing where it could be more than a code. */
export const shownCode = (code: string): string => (SHOWN_CODE.test(code) ? ` (${code})` : "");

/** A problem as what an end user is refused with. */
export const refusalOf =
  (problem: Problem): Refusal =>
  ({ problems }) =>
    toSentence(translateProblem(problem, problems));

/** Both sentences in one. */
export const toSentence = ({ title, advice }: Problem): string => `${title} ${advice}`;

/** A code as it may stand in a message to a user: one that is not known may be any text of the provider's. */
export const nameOfCode = (code: string | null): string | null =>
  code !== null && (known(sentences, code) || code === OTHER_ACCOUNT || MOMENTARY_STATUS.test(code)) ? code : null;
