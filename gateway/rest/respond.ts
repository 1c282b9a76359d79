import type { WireError, WireTokenProblem } from "./wire.ts";

/** An answer with a body, or 204 without one. */
export const succeed = (status: number, body: unknown, headers: Headers): Response =>
  status === 204 ? new Response(null, { status, headers }) : Response.json(body, { status, headers });

/** Where the contract says 404 because there is no connection, with the page where the user can connect. */
export function notConnected({ message, connector_url }: WireTokenProblem): Response {
  const body: WireError = { error: message, code: "NOT_CONNECTED", ...(connector_url !== undefined && { connector_url }) };
  return Response.json(body, { status: 404 });
}
