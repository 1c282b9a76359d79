/**
 * What a popup's one-time token does where this gateway itself knows the users: it signs the window in, and binds it to what was started.
 *
 * 1. Where another user is signed in already, this one is asked first, by name (`switch-user.ts`).
 * 2. What was started is bound to user and browser still: the token says for which attempt the window is, and the window gets a secret of
 *    its own for that one alone.
 */
import type { Hono } from "hono";
import type { Bindings } from "../auth/bindings.ts";
import type { SignIn } from "../auth/sign-in.ts";
import { ATTEMPT_LIFETIME_SECONDS } from "../vault/attempts.ts";
import type { Vault } from "../vault/vault.ts";
import type { Handoff } from "./handoff.ts";
import type { AdmitPopup } from "./popup.ts";
import { createSwitchRoutes, deferHandoff, type SwitchDependencies } from "./switch-user.ts";

interface Dependencies extends Omit<SwitchDependencies, "enter"> {
  vault: Pick<Vault, "bindStarted">;
  signIn: SignIn;
  bindings: Pick<Bindings, "create">;
}

/** Signs a popup in, or leads it to the page that asks first, which is one of `routes`. */
export const createPopupSignIn = (dependencies: Dependencies): { admit: AdmitPopup; routes: Hono } => ({
  admit: signInPopup(dependencies),
  routes: createSwitchRoutes({ ...dependencies, enter: (handoff, request) => enter(dependencies, handoff, request) }),
});

const signInPopup =
  (dependencies: Dependencies): AdmitPopup =>
  async (handoff, request, openerOrigin) => {
    const current = await dependencies.signIn.findViewer(request);
    const headers = new Headers();
    if (current === null || current.userId === handoff.userId) {
      for (const cookie of await enter(dependencies, handoff, request)) headers.append("set-cookie", cookie);
      return new Response(null, { status: 204, headers });
    }
    const { location, setCookie } = await deferHandoff(dependencies, handoff, openerOrigin);
    headers.append("set-cookie", setCookie);
    return Response.json({ location: `${dependencies.origins.own}${location}` }, { headers });
  };

/**
 * No new session for the same user; another user's ends first. A new one ends with what was started: where a browser keeps third-party
 * cookies away from the page, the page's logout cannot reach it. Answers the `Set-Cookie` headers.
 */
async function enter(
  { signIn, vault, bindings }: Pick<Dependencies, "signIn" | "vault" | "bindings">,
  { userId, stateHash }: Handoff,
  request: Request,
): Promise<string[]> {
  const current = await signIn.findViewer(request);
  if (current && current.userId !== userId) await signIn.logout(request);
  const setCookies = current?.userId === userId ? [] : (await signIn.start(userId, request, ATTEMPT_LIFETIME_SECONDS)).setCookies;
  const bind = bindings.create(request, (header) => setCookies.push(header));
  if (stateHash !== null) await vault.bindStarted(stateHash, userId, bind);
  return setCookies;
}
