import type { Changes } from "../store/changes.ts";

/** Calls `listener` when the session or the group of a user may have changed. Answers a function that stops it. */
export const listenToSignIns = (changes: Pick<Changes, "listen">, listener: () => void): (() => void) =>
  changes.listen((change) => void (/^(session:|user:|everything)/.test(change) && listener()));
