import { describe, expect } from "vitest";
import type { Behaves } from "./capabilities.ts";
import { newConnection, type Suite } from "./harness.ts";

/** The connector whose users enter a code at the provider. */
const CODE = { slug: "code" };
const STEP_MS = 1_000;

/** A code that the user enters at the provider, in any browser. */
export function describeDeviceCodes({ enterCode, clock, unique, newUser, again }: Suite, behaves: Behaves): void {
  describe("a code that the user enters at the provider", () => {
    behaves("is in the answer to who starts, with where it is entered and when it ends", ["deviceCodes"], async () => {
      const { authorization } = await (await newUser()).connections.start(CODE.slug, newConnection);
      expect(authorization).toMatchObject({
        status: "awaiting_callback",
        deviceCode: {
          userCode: expect.stringMatching(/\S/),
          verificationUri: expect.stringMatching(/^https?:\/\//),
          expiresAt: expect.any(Date),
        },
      });
      expect(URL.canParse(authorization?.authorizeUrl ?? "")).toBe(true);
    });

    behaves("is in no other answer, and another member sees nothing of it", ["deviceCodes"], async () => {
      const group = unique("group");
      const [ada, ben] = [await newUser(group), await newUser(group)];
      const started = await ada.connections.start(CODE.slug, newConnection);
      const found = await ada.connections.findAuthorization(started.authorization?.id ?? "");
      expect(found?.deviceCode ?? null).toBeNull();
      expect((await ada.connections.find(CODE))?.authorization?.deviceCode ?? null).toBeNull();
      expect((await ben.connections.find(CODE))?.authorization ?? null).toBeNull();
    });

    behaves("connects by itself once it is entered", ["deviceCodes", "movedClock"], async () => {
      const user = await newUser();
      await user.connections.start(CODE.slug, newConnection);
      await enterCode();
      await expect
        .poll(
          async () => {
            clock().advance(STEP_MS);
            return (await (await again(user)).connections.find(CODE))?.enabled;
          },
          { timeout: 30_000, interval: 10 },
        )
        .toBe(true);
      expect((await (await again(user)).connections.find(CODE))?.authorization).toMatchObject({ status: "active", authorizeUrl: null });
    });
  });
}
