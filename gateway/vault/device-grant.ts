import { z } from "zod";
import type { DeviceCode } from "../../schema/upstream.ts";

/** A device code and its user code, as they are sealed with an attempt. */
export const deviceGrantSchema = z.object({
  deviceCode: z.string(),
  userCode: z.string(),
  verificationUri: z.string(),
  verificationUriComplete: z.string().nullable(),
  intervalSeconds: z.number(),
  /** Milliseconds since the epoch: when the code expires, or the attempt if that is sooner. */
  expiresAt: z.number(),
});

export type DeviceGrant = z.output<typeof deviceGrantSchema>;

/** The part that the user is shown. */
export const toDeviceCode = ({ userCode, verificationUri, verificationUriComplete, expiresAt }: DeviceGrant): DeviceCode => ({
  userCode,
  verificationUri,
  verificationUriComplete,
  expiresAt: new Date(expiresAt),
});
