import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { badUserInput, unauthenticated } from "../../../schema/errors.ts";
import type { Owner } from "../../../schema/upstream.ts";
import { safeParseJson } from "../../runtime/json.ts";
import { ownerOf } from "./tags.ts";

/** Where Nango sends its webhooks. */
export const NANGO_WEBHOOK_PATH = "/webhooks/nango";

/** Largest webhook that is read: 64 KiB. */
const MAXIMUM_BYTES = 65_536;

/** Of the key and the body as it came. A header that came before it, `X-Nango-Signature`, is no HMAC, and not looked at. */
const SIGNATURE_HEADER = "x-nango-hmac-sha256";

/** Only `auth` is of connections. Any other type may come at any time, and says nothing here. */
const bodySchema = z.object({
  type: z.literal("auth"),
  tags: z.record(z.string(), z.string()).nullish().catch(null),
});

interface WebhookDependencies {
  /** The signing key of the environment's webhooks. */
  signingKey: string;
  /** Tells every process that an owner's connections have changed. */
  tell: (owner: Owner) => Promise<void>;
}

/**
 * Takes a webhook as news that an owner's connections may have changed: it has no time and no number, so that it proves nothing, and
 * everything is read again. Throws UNAUTHENTICATED for a wrong signature, BAD_USER_INPUT for more than 64 KiB, and
 * TEMPORARILY_UNAVAILABLE: Nango then sends it again.
 */
export async function receiveWebhook({ signingKey, tell }: WebhookDependencies, request: Request): Promise<Response> {
  const body = Buffer.from(await request.arrayBuffer());
  if (body.byteLength > MAXIMUM_BYTES) throw badUserInput(`The body is longer than ${MAXIMUM_BYTES} bytes.`, "content-length");
  if (!isSigned(body, request.headers.get(SIGNATURE_HEADER) ?? "", signingKey))
    throw unauthenticated("The webhook is not signed with the webhook key of this gateway.");
  const owner = ownerOf(bodySchema.safeParse(safeParseJson(body.toString())).data?.tags ?? {});
  if (owner) await tell(owner);
  return new Response(null, { status: 204 });
}

/** Compares in constant time. */
function isSigned(body: Buffer, signature: string, key: string): boolean {
  const expected = createHmac("sha256", key).update(body).digest();
  const given = Buffer.from(signature, "hex");
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
}
