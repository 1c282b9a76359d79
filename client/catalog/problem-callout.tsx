import type { ReactNode } from "react";
import { Callout } from "./callout.tsx";
import { authorizationProblem, type Problem, problemOf } from "./problems.ts";
import type { Authorization } from "../types.ts";

export interface ProblemCalloutProps {
  /** What was thrown, or the authorization whose error it is. */
  cause: Error | Authorization;
  /** What it was about. */
  name: string;
  action?: ReactNode;
}

const explain = (cause: Error | Authorization, name: string): Problem =>
  cause instanceof Error ? problemOf(cause, name) : authorizationProblem(name, cause.errorCode, cause.errorMessage);

/** What went wrong, what to do, and what the other side said. */
export function ProblemCallout({ cause, name, action }: ProblemCalloutProps) {
  const { title, advice, detail } = explain(cause, name);
  return (
    <div role="alert">
      <Callout tone={cause instanceof Error ? "bad" : "warn"} action={action}>
        <p className="font-semibold">{title}</p>
        <p>{advice}</p>
        {detail && <p className="mt-1 text-[13px] opacity-90">{detail}</p>}
      </Callout>
    </div>
  );
}
