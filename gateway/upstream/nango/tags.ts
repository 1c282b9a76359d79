import { plainName } from "../../../client/design/plain-name.ts";
import type { Owner, Viewer } from "../../../schema/upstream.ts";

/**
 * Whose a connection is, Nango keeps in its tags: `organization_id` names a group, and without one `end_user_id` a user. With a group,
 * `end_user_id` is the member who connected it.
 */
export type Tags = Readonly<Record<string, string>>;

/** Our tags. Nango lowercases their names. */
const CONNECTION = "xkit_connection";
const ATTEMPT = "xkit_attempt";
const RECONNECTED = "xkit_reconnected";

/** The owner that tags name; null where they name none. */
export function ownerOf({ organization_id: group, end_user_id: user }: Tags): Owner | null {
  if (group) return { kind: "group", id: group };
  return user ? { kind: "user", id: user } : null;
}

export const isOwnedBy = (owner: Owner, tags: Tags): boolean => {
  const stated = ownerOf(tags);
  return stated?.kind === owner.kind && stated.id === owner.id;
};

/** Narrows a list to connections of an owner, and to those of a group that a user has connected. */
export const ownerFilter = ({ kind, id }: Owner): Record<string, string> => ({
  [`tags[${kind === "group" ? "organization_id" : "end_user_id"}]`]: id,
});

/** Narrows a list to connections that were started here under an id. */
export const connectionFilter = (connectionId: string): Record<string, string> => ({ [`tags[${CONNECTION}]`]: connectionId });

/** What is started here: under which id it is known, and by which authorization. */
export interface Started {
  connectionId: string;
  authorizationId: string;
}

/** Tags that a connection may have. */
export const MAXIMUM_TAGS = 10;

/** The tags of a connect session. A reconnect replaces the connection's tags by them: `before` keeps what others have tagged. */
export const sessionTags = (owner: Owner, { userId, name }: Viewer, started: Started, before: Tags | null): Tags => ({
  ...(before && keptTags(before, userId)),
  end_user_id: userId,
  ...(owner.kind === "group" && { organization_id: owner.id }),
  ...(name !== null && name !== "" && { end_user_display_name: name }),
  [CONNECTION]: started.connectionId,
  [ATTEMPT]: started.authorizationId,
  ...(before && { [RECONNECTED]: "true" }),
});

/** The name and the address of a member who connected before are not those of the one who does now. */
const keptTags = (before: Tags, userId: string): Tags =>
  before["end_user_id"] === userId ? before : Object.fromEntries(Object.entries(before).filter(([key]) => !key.startsWith("end_user_")));

export const startedUnder = (tags: Tags): { connectionId: string | null; authorizationId: string | null } => ({
  connectionId: tags[CONNECTION] ?? null,
  authorizationId: tags[ATTEMPT] ?? null,
});

export const isReconnected = (tags: Tags): boolean => tags[RECONNECTED] !== undefined;

export const connectedByOf = ({ end_user_id: id, end_user_display_name: name }: Tags): { id: string; name: string | null } | null =>
  id ? { id, name: plainName(name ?? null) } : null;
