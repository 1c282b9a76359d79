import { ConnectError, XkitError } from "../errors.ts";

/** A failure for the reader: what happened, and what to do about it. */
export interface Problem {
  title: string;
  advice: string;
  /** What the provider or gateway said, where that adds something. */
  detail?: string;
}

type Sentences = Record<string, (name: string) => Omit<Problem, "detail">>;

const again = "Try again in a moment.";
const tellOperator = "Only the people who run this app can mend this: please tell them.";

/** By the provider's error code (RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core section 3.1.2.6), or the gateway's. */
const authorizationProblems: Sentences = {
  access_denied: (name) => ({
    title: `Access to ${name} was not granted.`,
    advice: "Connect again and approve the request. If you cannot, ask your administrator to.",
  }),
  login_required: (name) => ({ title: `You were not signed in to ${name}.`, advice: "Sign in there, then connect again." }),
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
    advice: "Connect again: it will be your present group's.",
  }),
  invalid_grant: (name) => ({
    title: `${name} no longer accepts this connection.`,
    advice: "It may have been revoked, or a password changed. Reconnect to go on.",
  }),
  invalid_scope: (name) => ({ title: `${name} does not know a permission that was asked for.`, advice: tellOperator }),
  invalid_client: (name) => ({ title: `${name} does not accept this app's credentials.`, advice: tellOperator }),
  unauthorized_client: (name) => ({ title: `${name} does not allow this app to connect.`, advice: tellOperator }),
  server_error: (name) => ({ title: `${name} has a problem of its own right now.`, advice: again }),
  temporarily_unavailable: (name) => ({ title: `${name} is not available right now.`, advice: again }),
  cancelled: (name) => ({
    title: `Connecting ${name} was not finished.`,
    advice: "Nothing has changed. Connect again when you are ready.",
  }),
};

/** What an authorization's error means. */
export function authorizationProblem(name: string, code: string | null, message: string | null): Problem {
  const known = code === null ? undefined : authorizationProblems[code];
  if (known) return known(name);
  return {
    title: `${name} could not be connected.`,
    advice: "Try to connect again. If it keeps failing, tell the people who run this app.",
    ...(message && { detail: message }),
  };
}

const gatewayProblems: Sentences = {
  NETWORK: () => ({ title: "There is no answer.", advice: "Check that you are online, then try again." }),
  UNAUTHENTICATED: () => ({ title: "You are no longer signed in.", advice: "Sign in again to go on." }),
  FORBIDDEN: () => ({ title: "You may not do this.", advice: "Ask somebody who may, or sign in as another user." }),
  NOT_FOUND: () => ({ title: "That is no longer there.", advice: "Reload the page to see what is." }),
  RATE_LIMITED: () => ({ title: "That was a little too fast.", advice: again }),
  TEMPORARILY_UNAVAILABLE: (name) => ({ title: `${name} is not available right now.`, advice: again }),
  UPSTREAM_UNAVAILABLE: () => ({ title: "Part of this service is not available right now.", advice: again }),
  CONNECTOR_MISCONFIGURED: (name) => ({ title: `${name} does not accept this app's credentials.`, advice: tellOperator }),
  BAD_USER_INPUT: () => ({ title: "That was not accepted.", advice: "Change what the message names, then try again." }),
};

/** What went wrong when something was asked or done; `name` is what it was about. */
export function problemOf(error: Error, name: string): Problem {
  if (error instanceof ConnectError) return authorizationProblem(name, error.code, error.message);
  const known = error instanceof XkitError ? gatewayProblems[error.code] : undefined;
  if (!known)
    return {
      title: "Something went wrong.",
      advice: "Try again. If it keeps failing, tell the people who run this app.",
      detail: error.message,
    };
  return { ...known(name), ...(error instanceof XkitError && error.code === "BAD_USER_INPUT" && { detail: error.message }) };
}
