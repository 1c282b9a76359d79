import { sentencesFor } from "../client/languages/sentences.ts";
import { AuthorizationType } from "./authorization.ts";
import { builder } from "./builder.ts";
import { type Problem, translateProblem } from "./problems.ts";
import type { Health } from "./upstream.ts";

const healthValues: Record<string, { value: Health; description: string }> = {
  WORKING: { value: "working", description: "The connection gives tokens." },
  UNAVAILABLE: { value: "unavailable", description: "The provider does not respond properly. The gateway tries again on its own." },
  MISCONFIGURED: {
    value: "misconfigured",
    description: "The connector is misconfigured, or the connection is disabled. Only the platform can fix this.",
  },
  RECONNECT_REQUIRED: { value: "reconnect_required", description: "Only the user can fix it, by connecting again." },
};

export const HealthType = builder.enumType("Health", {
  description: "The result of the last refresh of a grant, or of the last check of its token.",
  values: healthValues,
});

export const ProblemType = builder.objectRef<Problem>("Problem").implement({
  description: "A problem with a connection, in words for the end user. It contains no text of the provider.",
  fields: (t) => ({
    title: t.exposeString("title", { description: "The problem, in one sentence." }),
    advice: t.exposeString("advice", { description: "What the user can do about it." }),
    isAlarm: t.exposeBoolean("isAlarm", { description: "False if the user decided it, for example by not granting access." }),
  }),
});

/** Whether a grant works, and what is wrong where it does not. */
builder.objectFields(AuthorizationType, (t) => ({
  health: t.expose("health", {
    type: HealthType,
    nullable: true,
    description: "The result of the last refresh or check; null before it was connected, and if the upstream does not say.",
  }),
  healthCode: t.exposeString("healthCode", { nullable: true, description: "Why it does not work, as a code: `timeout`." }),
  healthChangedAt: t.expose("healthChangedAt", {
    type: "DateTime",
    nullable: true,
    description: "Since when `health` has this value; null if unknown.",
  }),
  problem: t.field({
    type: ProblemType,
    nullable: true,
    description: "The problem, for an end user to read; null if there is none.",
    resolve: ({ problem }, _args, { language }) => problem && translateProblem(problem, sentencesFor(language()).problems),
  }),
}));
