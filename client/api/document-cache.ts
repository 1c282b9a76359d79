import { cacheExchange, type Exchange, type Operation, type OperationResult, stringifyDocument } from "@urql/core";
import { filter, makeSubject, merge, pipe, share } from "wonka";

/** Fields whose values are access tokens or session tokens. */
const TOKEN_FIELDS = /\b(accessToken|connectionToken|login|refreshSession|provisionUser)\b/;

/** Whether an operation may answer with a token; such an answer must not outlive its reader. */
const carriesToken = ({ kind, query }: Operation) => kind !== "mutation" && TOKEN_FIELDS.test(stringifyDocument(query));

/**
 * urql's document cache, for pages: what was read once is shown at once and read again behind it. Operations that select an
 * access token pass it by, so that no token is ever given from a cache.
 */
export const documentCache: Exchange = (input) => (operations$) => {
  const shared$ = share(operations$);
  const tokenResults = makeSubject<OperationResult>();
  const tokenOperations$ = pipe(shared$, filter(carriesToken));
  const forward: typeof input.forward = (cacheable$) =>
    pipe(
      input.forward(merge([cacheable$, tokenOperations$])),
      filter((result) => {
        if (!carriesToken(result.operation)) return true;
        tokenResults.next(result);
        return false;
      }),
    );
  const cached$ = pipe(
    shared$,
    filter((operation) => !carriesToken(operation)),
    cacheExchange({ ...input, forward }),
  );
  return merge([tokenResults.source, cached$]);
};
