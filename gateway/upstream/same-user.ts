import type { Viewer } from "../../schema/upstream.ts";

/** Whether a credential still means the user that it meant, in the same group. */
export const isSameUser = (before: Viewer, now: Viewer | null): boolean =>
  now !== null && now.userId === before.userId && now.groupId === before.groupId;

/** A key for what a user sees. Members of a group do not see the same: what one has started and not finished is shown to that one alone. */
export const keyOfViewer = ({ userId, groupId }: Viewer, ...what: string[]): string => JSON.stringify([userId, groupId, ...what]);
