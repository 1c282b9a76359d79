import { theOperator } from "../custody/audit-event.ts";
import type { Services } from "../services.ts";

/** `keys rotate`: signs new session tokens with a new key. */
export async function rotateSigningKey({ auth, audit }: Services): Promise<void> {
  await auth.signingKeys.rotate();
  audit.record({ action: "key.rotate", actor: theOperator });
  console.log("The gateway now signs session tokens with a new key.");
}
