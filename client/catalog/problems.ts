import { ConnectError, XkitError } from "../api/errors.ts";
import type { Authorization } from "../api/types.ts";
import type { Sentences } from "./language.tsx";
import { isOutdated } from "../api/outdated.ts";

/** A failure for the reader: what happened, and what to do about it. */
export interface Explanation {
  title: string;
  advice: string;
  /** False where the user decided so: nothing is broken. */
  isAlarm: boolean;
  /** What the gateway said, where that adds something. */
  detail?: string;
}

/** What the gateway said of connecting; or that the user did not finish. */
function connectProblem({ problems }: Sentences, name: string, { code, problem }: ConnectError): Explanation {
  if (problem) return problem;
  return code === "cancelled" ? { ...problems.cancelled(name), isAlarm: false } : { ...problems.notConnected(name), isAlarm: true };
}

/** What is wrong with an authorization, as the gateway says. */
export const authorizationProblem = ({ problems }: Sentences, name: string, { problem }: Authorization): Explanation =>
  problem ?? { ...problems.notConnected(name), isAlarm: true };

type ByCode = Sentences["problems"]["byCode"];
const isKnown = (byCode: ByCode, code: string): code is keyof ByCode => Object.hasOwn(byCode, code);

/** Codes whose message adds something: which input is wrong, where the log has more. */
const TELLING = ["BAD_USER_INPUT", "FORBIDDEN", "INTERNAL"];

/** What went wrong when something was asked or done; `name` is what it was about. */
export function problemOf(sentences: Sentences, error: Error, name: string): Explanation {
  if (error instanceof ConnectError) return connectProblem(sentences, name, error);
  const code = error instanceof XkitError ? error.code : "";
  const { byCode, unknown, outdated } = sentences.problems;
  if (isOutdated(error)) return { ...outdated(), isAlarm: true, detail: error.message };
  if (!isKnown(byCode, code)) return { ...unknown(), isAlarm: true, detail: error.message };
  return { ...byCode[code](name), isAlarm: true, ...(TELLING.includes(code) && { detail: error.message }) };
}
