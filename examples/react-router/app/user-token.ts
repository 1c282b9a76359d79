import type { Route } from "./+types/user-token";
import { gateway } from "./gateway.server";
import { readUser } from "./session.server";

/** A user token for the user who is signed in: the page's `getToken` gives it to the gateway. */
export async function loader({ request }: Route.LoaderArgs): Promise<Response> {
  const user = await readUser(request);
  if (!user) return new Response("Sign in first.", { status: 401 });
  const { token } = await gateway.provisionUser(user);
  return new Response(token, { headers: { "cache-control": "no-store" } });
}
