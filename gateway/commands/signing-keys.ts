import type { Services } from "../services.ts";

/** `keys rotate`: signs new session tokens with a new key. */
export async function rotateSigningKey({ auth }: Services): Promise<void> {
  await auth.signingKeys.rotate();
  console.log("New session tokens are signed with a new key.");
}
