import { useCallback, useRef, useState } from "react";

export interface ActionState<Data> {
  data: Data | undefined;
  fetching: boolean;
  /** An XkitError, ConnectError, or what was thrown. */
  error: Error | undefined;
}

/** What ended: never a rejection, so that a click handler needs no catch. */
export type ActionResult<Data> = { data: Data; error?: undefined } | { data?: undefined; error: Error };

const IDLE = { data: undefined, fetching: false, error: undefined };
const toError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));

/** The state of something done on demand, as urql's mutations have it: of the latest run, none after a reset. `act` must keep its identity. */
export function useAction<Args extends unknown[], Data>(
  act: (...args: Args) => Promise<Data>,
): [state: ActionState<Data>, run: (...args: Args) => Promise<ActionResult<Data>>, reset: () => void] {
  const [state, setState] = useState<ActionState<Data>>(IDLE);
  /** Grows with each run and reset: an older run then changes nothing. */
  const latest = useRef(0);
  const run = useCallback(
    async (...args: Args): Promise<ActionResult<Data>> => {
      const mine = ++latest.current;
      const show = (end: Partial<ActionState<Data>>) => mine === latest.current && setState({ ...IDLE, ...end });
      show({ fetching: true });
      try {
        const data = await act(...args);
        show({ data });
        return { data };
      } catch (thrown) {
        const error = toError(thrown);
        show({ error });
        return { error };
      }
    },
    [act],
  );
  const reset = useCallback(() => {
    latest.current++;
    setState(IDLE);
  }, []);
  return [state, run, reset];
}
