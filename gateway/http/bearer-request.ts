/** A request that shows a bearer and nothing else: for one that did not come in a header. */
export const requestWithBearer = (bearer: string): Request =>
  new Request("http://gateway/bearer", { headers: { authorization: `Bearer ${bearer}` } });
