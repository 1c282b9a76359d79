import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import type { Viewer } from "../api/types.ts";
import { useXkit } from "./provider.tsx";
import type { ReadingState } from "./use-reading.ts";

/** Who is signed in: null when no user is. Resumes the session when nothing has asked before. */
export function useViewer(): readonly [state: ReadingState<Viewer | null>, refetch: () => void] {
  const { session } = useXkit();
  const [error, setError] = useState<Error>();
  const data = useSyncExternalStore(
    session.onChange,
    () => session.viewer,
    // A server renders for anybody.
    () => undefined,
  );

  const refetch = useCallback(() => {
    setError(undefined);
    session.renew().catch(setError);
  }, [session]);
  useEffect(() => {
    if (session.viewer === undefined) refetch();
  }, [session, refetch]);

  return [{ data, error, fetching: data === undefined && !error, stale: false }, refetch];
}
