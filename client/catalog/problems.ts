import { ConnectError, XkitError } from "../api/errors.ts";
import type { Authorization } from "../api/types.ts";

/** A failure for the reader: what happened, and what to do about it. */
export interface Explanation {
  title: string;
  advice: string;
  /** False where the user decided so: nothing is broken. */
  isAlarm: boolean;
  /** What the gateway said, where that adds something. */
  detail?: string;
}

type Sentence = (name: string) => Pick<Explanation, "title" | "advice">;

const again = "Try again in a moment.";
const tellOperator = "Only the people who run this app can mend this: please tell them.";

const wrongCredentials: Sentence = (name) => ({ title: `${name} does not accept this app's credentials.`, advice: tellOperator });
const unavailable: Sentence = (name) => ({ title: `${name} is not available right now.`, advice: again });

/** What the gateway said of connecting; or that the user did not finish. */
function connectProblem(name: string, { code, problem }: ConnectError): Explanation {
  if (problem) return problem;
  if (code === "cancelled")
    return {
      title: `Connecting ${name} was not finished.`,
      advice: "Nothing has changed. Connect again when you are ready.",
      isAlarm: false,
    };
  return { ...unexplained(name), isAlarm: true };
}

const unexplained: Sentence = (name) => ({
  title: `${name} could not be connected.`,
  advice: "Try to connect again. If it keeps failing, tell the people who run this app.",
});

/** What is wrong with an authorization, as the gateway says. */
export const authorizationProblem = (name: string, { problem }: Authorization): Explanation =>
  problem ?? { ...unexplained(name), isAlarm: true };

const gatewayProblems: Record<string, Sentence> = {
  NETWORK: () => ({ title: "There is no answer.", advice: "Check that you are online, then try again." }),
  UNAUTHENTICATED: () => ({ title: "You are no longer signed in.", advice: "Sign in again to go on." }),
  FORBIDDEN: () => ({ title: "You may not do this.", advice: "Ask somebody who may, or sign in as another user." }),
  NOT_FOUND: () => ({ title: "That is no longer there.", advice: "Reload the page to see what is." }),
  RATE_LIMITED: () => ({ title: "That was a little too fast.", advice: again }),
  TEMPORARILY_UNAVAILABLE: unavailable,
  UPSTREAM_UNAVAILABLE: () => ({ title: "Part of this service is not available right now.", advice: again }),
  CONNECTOR_MISCONFIGURED: wrongCredentials,
  INTERNAL: () => ({
    title: "Something went wrong on our side.",
    advice: "Try again in a moment. If it keeps failing, tell the people who run this app.",
  }),
  BAD_USER_INPUT: () => ({ title: "That was not accepted.", advice: "Change what the message names, then try again." }),
};

/** Codes whose message adds something: which input is wrong, where the log has more. */
const TELLING = ["BAD_USER_INPUT", "FORBIDDEN", "INTERNAL"];

/** What went wrong when something was asked or done; `name` is what it was about. */
export function problemOf(error: Error, name: string): Explanation {
  if (error instanceof ConnectError) return connectProblem(name, error);
  const code = error instanceof XkitError ? error.code : "";
  const sentence = Object.hasOwn(gatewayProblems, code) && gatewayProblems[code];
  if (!sentence)
    return {
      title: "Something went wrong.",
      advice: "Try again. If it keeps failing, tell the people who run this app.",
      isAlarm: true,
      detail: error.message,
    };
  return { ...sentence(name), isAlarm: true, ...(TELLING.includes(code) && { detail: error.message }) };
}
