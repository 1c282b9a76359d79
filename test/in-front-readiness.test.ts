import { describe, expect, it } from "vitest";
import { startFront } from "./support/in-front.ts";

describe("readyz before another gateway", () => {
  it("is ready while the other one answers, and not when it does not", async () => {
    const { browser, second, logged } = await startFront();
    expect((await browser.fetch("/readyz")).status).toBe(200);
    await second.close();
    expect((await browser.fetch("/readyz")).status).toBe(503);
    expect((await browser.fetch("/healthz")).status).toBe(200);
    for (const secret of second.provider.issuedSecrets) expect(logged.join("")).not.toContain(secret);
  });

  it("is degraded while the other one refuses the key pair, which the log tells once", async () => {
    const { browser, second, logged } = await startFront();
    const look = async () => {
      const response = await browser.fetch("/readyz");
      return [response.status, (await response.json()).status];
    };
    expect(await look()).toEqual([200, "ready"]);
    await second.revokeKeys();
    expect(await look()).toEqual([200, "ready"]);
    second.clock.advance(30_000);
    for (let count = 0; count < 3; count += 1) expect(await look()).toEqual([200, "degraded"]);
    expect((await (await browser.fetch("/readyz")).json()).reason).toContain("XKIT_UPSTREAM_SECRET_KEY");
    expect(logged.filter((line) => line.includes("refuses this gateway's API key"))).toHaveLength(1);
  });
});
