import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type AccessTokenResult, isAccessToken } from "../api/types.ts";
import type { ConnectionName } from "../api/where.ts";
import type { TokenOptions } from "../session/access-tokens.ts";
import { useXkit } from "./provider.tsx";
import { createRenewal, type Renewal, type RenewalState } from "./renewal.ts";
import { useGeneration } from "./use-generation.ts";
import { useOnChange } from "./use-on-change.ts";
import { useWhere } from "./use-where.ts";

export interface UseAccessTokenOptions {
  /** Least life the token has left, in seconds. Default: 60, capped at a tenth of the token's life. */
  minimumTtl?: number;
  /** Scopes that the token must have. Where one is not granted, `data` is ScopesMissing: connect with its `missingScopes`. */
  scopes?: string[];
  /** The kind of token, where one connection has several: `user` beside a bot's. Default: the connector's. */
  kind?: string;
  /** Do not ask for now. Default: false. */
  pause?: boolean;
}

export interface AccessTokenState {
  /** A token that has not expired, or null. */
  token: string | null;
  /** The token with its facts, or the exact reason why there is none. Undefined until the first answer. */
  data: AccessTokenResult | undefined;
  fetching: boolean;
  error: Error | undefined;
}

/** The same options for the same scopes, so that a list written inline is not another one at each render. */
function useTokenOptions({ minimumTtl, scopes, kind }: UseAccessTokenOptions): TokenOptions {
  const listed = scopes?.join(" ");
  return useMemo(
    () => ({ ...(minimumTtl !== undefined && { minimumTtl }), ...(listed && { scopes: listed.split(" ") }), kind }),
    [minimumTtl, listed, kind],
  );
}

/**
 * A live access token for as long as the component is mounted: renewed before it expires, not while the tab is hidden,
 * and asked for again when the connection changes. `data` says why when there is none.
 */
export function useAccessToken(
  name: ConnectionName,
  { pause = false, ...asked }: UseAccessTokenOptions = {},
): readonly [state: AccessTokenState, renew: () => void] {
  const xkit = useXkit();
  const where = useWhere(name);
  const generation = useGeneration(xkit.session);
  const options = useTokenOptions(asked);
  // Another question, another answer: the one before is not shown in the meantime.
  const question = useMemo(() => ({ xkit, where, options, pause, generation }), [xkit, where, options, pause, generation]);
  const [answer, setAnswer] = useState<{ state: RenewalState; question: unknown }>();
  const renewal = useRef<Renewal>(null);

  useEffect(() => {
    if (question.pause) return undefined;
    const current = createRenewal({
      ask: () => question.xkit.getToken(question.where, question.options),
      minimumTtl: question.options.minimumTtl,
      onChange: (state) => setAnswer({ state, question }),
    });
    renewal.current = current;
    current.renew();
    return () => {
      current.stop();
      renewal.current = null;
    };
  }, [question]);

  const renew = useCallback(() => renewal.current?.renew(), []);
  useOnChange(renew);
  const state = answer?.question === question ? answer.state : { data: undefined, fetching: !pause, error: undefined };
  return [{ ...state, token: state.data && isAccessToken(state.data) ? state.data.value : null }, renew];
}
