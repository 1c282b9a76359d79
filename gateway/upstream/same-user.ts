import type { Viewer } from "../../schema/upstream.ts";

/** Whether a credential still means the user that it meant, in the same group. */
export const isSameUser = (before: Viewer, now: Viewer | null): boolean =>
  now !== null && now.userId === before.userId && now.groupId === before.groupId;
