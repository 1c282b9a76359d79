import type { AccessTokenOutcome, Owner, OwnerConnections } from "../../schema/upstream.ts";
import type { SpanFacts, Tracing } from "../runtime/tracing.ts";
import type { HeldConnections } from "./upstream.ts";

/** The same connections, each question for a token in a span. @param owner Whose they are, where that is known. */
export const traceTokens = <Connections extends OwnerConnections>(
  { inSpan }: Tracing,
  owner: SpanFacts,
  connections: Connections,
): Connections => ({
  ...connections,
  accessToken: (where, request) =>
    inSpan(
      { name: "token", facts: owner },
      () => connections.accessToken(where, request),
      (outcome) => ({ facts: factsOf(outcome) }),
    ),
});

/** Only what the store names: what was asked for is the caller's text. */
function factsOf(outcome: AccessTokenOutcome): SpanFacts {
  const connection = "connection" in outcome ? outcome.connection : null;
  return {
    "xkit.outcome": outcome.type,
    ...(connection && { "xkit.connection.id": connection.id, "xkit.connector": connection.connector.slug }),
  };
}

export const factsOfOwner = ({ kind, id }: Owner): SpanFacts => ({ [kind === "user" ? "user.id" : "xkit.group.id"]: id });

/** Nothing where the upstream alone knows who is asking. */
export const factsOfViewer = ({ viewer }: Pick<HeldConnections, "viewer">): SpanFacts =>
  viewer ? { "user.id": viewer.userId, ...(viewer.groupId !== null && { "xkit.group.id": viewer.groupId }) } : {};
