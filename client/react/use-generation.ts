import { useSyncExternalStore } from "react";
import type { Session } from "../session/session.ts";

/** Another number once another user has taken the place of the one before. */
export function useGeneration(session: Session): number {
  return useSyncExternalStore(
    session.onChange,
    () => session.generation,
    () => 0,
  );
}
