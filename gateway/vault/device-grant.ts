import { z } from "zod";
import type { DeviceCode } from "../../schema/upstream.ts";

/** A code that waits for its user, as an attempt keeps it, sealed. */
export const deviceGrantSchema = z.object({
  deviceCode: z.string(),
  userCode: z.string(),
  verificationUri: z.string(),
  verificationUriComplete: z.string().nullable(),
  intervalSeconds: z.number(),
  /** Milliseconds since the epoch: when the code ends, or the attempt if that is sooner. */
  expiresAt: z.number(),
});

export type DeviceGrant = z.output<typeof deviceGrantSchema>;

/** What the user is shown of it. */
export const toDeviceCode = ({ userCode, verificationUri, verificationUriComplete, expiresAt }: DeviceGrant): DeviceCode => ({
  userCode,
  verificationUri,
  verificationUriComplete,
  expiresAt: new Date(expiresAt),
});
