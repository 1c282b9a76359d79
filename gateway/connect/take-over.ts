import type { Bindings } from "../auth/bindings.ts";
import type { SignIn } from "../auth/sign-in.ts";
import { ATTEMPT_LIFETIME_SECONDS } from "../vault/attempts.ts";
import type { Vault } from "../vault/vault.ts";
import { redirectTo } from "./page.ts";

export interface TakeOverDependencies {
  vault: Pick<Vault, "takeOver">;
  signIn: Pick<SignIn, "start">;
  bindings: Pick<Bindings, "create">;
}

/**
 * Binds this browser, by a new secret, to what a user has started elsewhere, and leads on to the provider. The way there and back needs
 * the binding alone: a session begins for our own form only, and ends with what was started. Throws NOT_FOUND.
 */
export async function takeOver(
  { vault, signIn, bindings }: TakeOverDependencies,
  request: Request,
  { userId, slug, state, isSignedIn }: { userId: string; slug: string; state: string; isSignedIn: boolean },
): Promise<Response> {
  const setCookies: string[] = [];
  const bind = bindings.create(request, (header) => setCookies.push(header));
  const { location, isForm } = await vault.takeOver(state, slug, userId, bind);
  const session = isForm && !isSignedIn ? (await signIn.start(userId, request, ATTEMPT_LIFETIME_SECONDS)).setCookies : [];
  return redirectTo(location, [...session, ...setCookies]);
}
