import { gateway } from "@/lib/gateway";
import { readUser } from "@/lib/session";

/** A user token for the user who is signed in: the page's `getToken` gives it to the gateway. */
export async function GET(): Promise<Response> {
  const user = await readUser();
  if (!user) return new Response("Sign in first.", { status: 401 });
  const { token } = await gateway().provisionUser(user);
  return new Response(token, { headers: { "cache-control": "no-store" } });
}
