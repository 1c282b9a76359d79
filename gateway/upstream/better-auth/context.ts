import type { AuthContext } from "better-auth";

/** What `betterAuth({ … })` answers, as far as it is used. Its type depends on its options. */
export interface BetterAuth {
  $context: Promise<object>;
}

/** What better-auth's plugins and endpoints work on. Throws `TypeError` for what is not better-auth. */
export async function contextOf(auth: BetterAuth): Promise<AuthContext> {
  const context = await auth.$context;
  if (!isContext(context)) throw new TypeError("This is not the value that betterAuth({ … }) of better-auth 1.7 or newer returns.");
  return context;
}

const members = ["adapter", "internalAdapter", "options", "secretConfig", "socialProviders", "hasPlugin"];

const isContext = (context: object): context is AuthContext => members.every((member) => member in context);
