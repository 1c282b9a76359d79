import { ConnectError, XkitError } from "../errors.ts";

/** A failure for the reader: what happened, and what to do about it. */
export interface Problem {
  title: string;
  advice: string;
  /** What the provider or gateway said, where that adds something. */
  detail?: string;
}

type Sentence = (name: string) => Omit<Problem, "detail">;

const again = "Try again in a moment.";
const tellOperator = "Only the people who run this app can mend this: please tell them.";

const wrongCredentials: Sentence = (name) => ({ title: `${name} does not accept this app's credentials.`, advice: tellOperator });
const wrongRequest: Sentence = (name) => ({ title: `${name} does not accept how this app connects to it.`, advice: tellOperator });
const revoked: Sentence = (name) => ({
  title: `${name} no longer accepts this connection.`,
  advice: "It may have been revoked, or a password changed. Reconnect to go on.",
});
const unavailable: Sentence = (name) => ({ title: `${name} is not available right now.`, advice: again });
const lostWay: Sentence = (name) => ({
  title: `The answer from ${name} did not belong to this attempt.`,
  advice: "Connect again from here, and finish in the same browser.",
});
const defect: Sentence = () => ({
  title: "Something went wrong on our side.",
  advice: "Try again in a moment. If it keeps failing, tell the people who run this app.",
});

/** By the provider's error code (RFC 6749 sections 4.1.2.1 and 5.2, RFC 8707, OpenID Connect Core section 3.1.2.6), or the gateway's. */
const authorizationProblems: Record<string, Sentence> = {
  access_denied: (name) => ({
    title: `Access to ${name} was not granted.`,
    advice: "Connect again and approve the request. If you cannot, ask your administrator to.",
  }),
  login_required: (name) => ({ title: `You were not signed in to ${name}.`, advice: "Sign in there, then connect again." }),
  account_selection_required: (name) => ({ title: `${name} needs to know which account.`, advice: "Connect again and choose one." }),
  consent_required: (name) => ({ title: `${name} needs your consent.`, advice: "Connect again and approve the request." }),
  interaction_required: (name) => ({ title: `${name} needs something from you first.`, advice: "Connect again and follow its steps." }),
  account_mismatch: (name) => ({
    title: `That was another ${name} account than before.`,
    advice: "Reconnect with the account you used, or disconnect first to use another one.",
  }),
  account_unknown: (name) => ({
    title: `${name} did not say whose account this is.`,
    advice: "The connection stays as it was. Reconnect to try again.",
  }),
  disconnected: (name) => ({
    title: `${name} was disconnected while it was being connected.`,
    advice: "Connect again if that was not intended.",
  }),
  moved: (name) => ({
    title: `Your group changed while ${name} was being connected.`,
    advice: "Connect again: it will be your current group's.",
  }),
  invalid_grant: revoked,
  invalid_token: revoked,
  expired_token: revoked,
  restored_backup: (name) => ({
    title: `${name} no longer accepts this connection.`,
    advice: "This app was restored from a backup, and the connection has changed since. Reconnect to go on.",
  }),
  invalid_scope: (name) => ({ title: `${name} does not know a permission that was asked for.`, advice: tellOperator }),
  invalid_client: wrongCredentials,
  http_401: wrongCredentials,
  unauthorized_client: (name) => ({ title: `${name} does not allow this app to connect.`, advice: tellOperator }),
  invalid_request: wrongRequest,
  unsupported_response_type: wrongRequest,
  unsupported_grant_type: wrongRequest,
  invalid_target: wrongRequest,
  issuer_mismatch: lostWay,
  state_mismatch: lostWay,
  missing_code: lostWay,
  invalid_callback: lostWay,
  server_error: (name) => ({ title: `${name} has a problem of its own right now.`, advice: again }),
  temporarily_unavailable: unavailable,
  unparsable: unavailable,
  redirected: unavailable,
  too_large: unavailable,
  timeout: unavailable,
  aborted: unavailable,
  unreachable: unavailable,
  connection_lost: unavailable,
  internal: defect,
  interrupted: (name) => ({ title: `Connecting ${name} was interrupted.`, advice: "Connect again." }),
  cancelled: (name) => ({
    title: `Connecting ${name} was not finished.`,
    advice: "Nothing has changed. Connect again when you are ready.",
  }),
};

/** A status of the moment, as the gateway sees it too: nothing is wrong with the request. */
const MOMENTARY_STATUS = /^http_(408|425|429|5\d\d)$/;

const known = (sentences: Record<string, Sentence>, code: string) => (Object.hasOwn(sentences, code) ? sentences[code] : undefined);

/** What an authorization's error means. */
export function authorizationProblem(name: string, code: string | null, message: string | null): Problem {
  const sentence =
    code === null ? undefined : (known(authorizationProblems, code) ?? (MOMENTARY_STATUS.test(code) ? unavailable : undefined));
  if (sentence) return sentence(name);
  return {
    title: `${name} could not be connected.`,
    advice: "Try to connect again. If it keeps failing, tell the people who run this app.",
    ...(message && { detail: message }),
  };
}

const gatewayProblems: Record<string, Sentence> = {
  NETWORK: () => ({ title: "There is no answer.", advice: "Check that you are online, then try again." }),
  UNAUTHENTICATED: () => ({ title: "You are no longer signed in.", advice: "Sign in again to go on." }),
  FORBIDDEN: () => ({ title: "You may not do this.", advice: "Ask somebody who may, or sign in as another user." }),
  NOT_FOUND: () => ({ title: "That is no longer there.", advice: "Reload the page to see what is." }),
  RATE_LIMITED: () => ({ title: "That was a little too fast.", advice: again }),
  TEMPORARILY_UNAVAILABLE: unavailable,
  UPSTREAM_UNAVAILABLE: () => ({ title: "Part of this service is not available right now.", advice: again }),
  CONNECTOR_MISCONFIGURED: wrongCredentials,
  INTERNAL: defect,
  BAD_USER_INPUT: () => ({ title: "That was not accepted.", advice: "Change what the message names, then try again." }),
};

/** Codes whose message adds something: which input is wrong, where the log has more. */
const TELLING = new Set(["BAD_USER_INPUT", "INTERNAL"]);

/** What went wrong when something was asked or done; `name` is what it was about. */
export function problemOf(error: Error, name: string): Problem {
  if (error instanceof ConnectError) return authorizationProblem(name, error.code, error.message);
  const sentence = error instanceof XkitError ? known(gatewayProblems, error.code) : undefined;
  if (!sentence)
    return {
      title: "Something went wrong.",
      advice: "Try again. If it keeps failing, tell the people who run this app.",
      detail: error.message,
    };
  return { ...sentence(name), ...(error instanceof XkitError && TELLING.has(error.code) && { detail: error.message }) };
}
