import { useCallback, useEffect, useLayoutEffect, useMemo, useState } from "react";
import { type AnyVariables, createRequest, type OperationContext, type TypedDocumentNode, useClient } from "urql";
import { pipe, subscribe } from "wonka";
import { useOnChange } from "./use-on-change.ts";

/** What the reading hooks answer, as urql does: the state, and what reads again. */
export type Reading<Data> = readonly [state: ReadingState<Data>, refetch: (options?: Partial<OperationContext>) => void];

export interface ReadingState<Data> {
  /** Undefined until the first answer. */
  data: Data | undefined;
  /** Whether an answer is on its way; `data` may hold the one before. */
  fetching: boolean;
  /** Always an XkitError. `data` then is the last good answer, if there was one. */
  error: Error | undefined;
  /** Whether `data` is from the cache and being read again. */
  stale: boolean;
}

/** Before the page is painted, so that what the cache holds is there at once; on a server, where React warns of that, not at all. */
const useAsking = typeof window === "undefined" ? useEffect : useLayoutEffect;

/**
 * One field of a query's answer. `variables` must keep their identity. Not urql's own useQuery: that one asks while it renders, on a
 * server too, shows one user's or question's answer until the next one's is there, and takes what is there away when reading again fails.
 */
export function useReading<Data, Variables extends AnyVariables, Value>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  pick: (data: Data) => Value,
  context?: Partial<OperationContext>,
): Reading<Value> {
  const client = useClient();
  const question = useMemo(() => ({ client, request: createRequest(query, variables), context }), [client, query, variables, context]);
  const [again, setAgain] = useState<{ question: object; context: Partial<OperationContext> | undefined }>();
  const asked = again?.question === question ? again : question;
  const [answer, setAnswer] = useState<{ question: object; asked: object; state: Omit<ReadingState<Data>, "fetching"> }>();

  useAsking(
    () =>
      pipe(
        question.client.executeQuery(question.request, asked.context),
        subscribe(({ data, error, stale }) =>
          setAnswer((before) => ({
            question,
            asked,
            state: { data: data ?? (before?.question === question ? before.state.data : undefined), error, stale },
          })),
        ),
      ).unsubscribe,
    [question, asked],
  );

  const refetch = useCallback(
    (options?: Partial<OperationContext>) => setAgain({ question, context: { ...question.context, ...options } }),
    [question],
  );
  const state = answer?.question === question ? answer.state : undefined;
  return [
    {
      data: state?.data === undefined ? undefined : pick(state.data),
      fetching: answer?.asked !== asked,
      error: state?.error,
      stale: state?.stale ?? false,
    },
    refetch,
  ];
}

/** Shown from the cache at once, and read again behind it. An answer without any connection is also void when one appears. */
const LIVE: Partial<OperationContext> = { requestPolicy: "cache-and-network", additionalTypenames: ["Connection"] };

/** The same, read again whenever a connection may have changed. */
export function useLiveReading<Data, Variables extends AnyVariables, Value>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  pick: (data: Data) => Value,
): Reading<Value> {
  const reading = useReading(query, variables, pick, LIVE);
  const [, refetch] = reading;
  useOnChange(() => refetch({ requestPolicy: "network-only" }));
  return reading;
}
