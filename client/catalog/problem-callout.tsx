import type { ReactNode } from "react";
import { Callout } from "./callout.tsx";
import { type Sentences, useLocale, useSentences } from "./language.tsx";
import { authorizationProblem, type Explanation, problemOf } from "./problems.ts";
import { formatTime } from "./time.ts";
import type { Authorization } from "../api/types.ts";

export interface ProblemCalloutProps {
  /** What was thrown, or the authorization whose error it is. */
  cause: Error | Authorization;
  /** What it was about. */
  name: string;
  action?: ReactNode;
}

const explain = (sentences: Sentences, cause: Error | Authorization, name: string): Explanation =>
  cause instanceof Error ? problemOf(sentences, cause, name) : authorizationProblem(sentences, name, cause);

/** What went wrong, what to do, and since when. */
export function ProblemCallout({ cause, name, action }: ProblemCalloutProps) {
  const sentences = useSentences();
  const locale = useLocale();
  const { title, advice, detail, isAlarm } = explain(sentences, cause, name);
  const since = cause instanceof Error || !cause.health ? null : cause.healthChangedAt;
  return (
    <div role={isAlarm ? "alert" : "status"}>
      <Callout tone={!isAlarm ? "plain" : cause instanceof Error ? "bad" : "warn"} action={action}>
        <p className="font-semibold">{title}</p>
        <p>{advice}</p>
        {since && (
          <p className="mt-1 text-[13px]">
            <time dateTime={since}>{sentences.since(formatTime(since, locale))}</time>
          </p>
        )}
        {detail && <p className="mt-1 text-[13px] opacity-90">{detail}</p>}
      </Callout>
    </div>
  );
}
