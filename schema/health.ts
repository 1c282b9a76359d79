import { sentencesFor } from "../client/languages/sentences.ts";
import { AuthorizationType } from "./authorization.ts";
import { builder } from "./builder.ts";
import { type Problem, translateProblem } from "./problems.ts";
import type { Health } from "./upstream.ts";

const healthValues: Record<string, { value: Health; description: string }> = {
  WORKING: { value: "working", description: "Tokens can be had." },
  UNAVAILABLE: { value: "unavailable", description: "The provider does not answer as it should. It is asked again by itself." },
  MISCONFIGURED: {
    value: "misconfigured",
    description: "The connector is set up wrong, or the connection is disabled: only the platform can mend that.",
  },
  RECONNECT_REQUIRED: { value: "reconnect_required", description: "Only the user can mend it, by connecting again." },
};

export const HealthType = builder.enumType("Health", {
  description: "What the last refresh of a grant, or the last check of its token, has shown.",
  values: healthValues,
});

export const ProblemType = builder.objectRef<Problem>("Problem").implement({
  description: "What is wrong with a connection, in an end user's words. Nothing in it is the provider's own text.",
  fields: (t) => ({
    title: t.exposeString("title", { description: "What is wrong, as one sentence." }),
    advice: t.exposeString("advice", { description: "What the user can do about it." }),
    isAlarm: t.exposeBoolean("isAlarm", { description: "False where the user decided so, as by not granting access." }),
  }),
});

/** Whether a grant works, and what is wrong where it does not. */
builder.objectFields(AuthorizationType, (t) => ({
  health: t.expose("health", {
    type: HealthType,
    nullable: true,
    description: "What the last refresh or check has shown; null before it was connected, and where the upstream does not tell.",
  }),
  healthCode: t.exposeString("healthCode", { nullable: true, description: "Why it does not work, as a code: `timeout`." }),
  healthChangedAt: t.expose("healthChangedAt", {
    type: "DateTime",
    nullable: true,
    description: "Since when `health` is what it is; null when unknown.",
  }),
  problem: t.field({
    type: ProblemType,
    nullable: true,
    description: "What is wrong, for an end user to read; null where nothing is.",
    resolve: ({ problem }, _args, { language }) => problem && translateProblem(problem, sentencesFor(language()).problems),
  }),
}));
