import { describe, expect, it, vi } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { killAndResume } from "../../test/support/killed-import.ts";

vi.setConfig({ testTimeout: 900_000 });

const COUNT = 100_000;
/** What an import may take, in MB: it holds some lines at a time. */
const MOST_MEGABYTES = 300;

describe.each(databaseKinds)("an import of 100,000 connections on %s", (kind) => {
  it("is resumed after SIGKILL without a double, and does not grow with its file", async () => {
    const { summary, rate, peakMegabytes, ...counted } = await killAndResume(kind, COUNT);
    console.log(`${kind}: ${rate} connections a second, at most ${peakMegabytes} MB, ${counted.storedBefore} stored before the kill`);
    expect(counted).toMatchObject({ connections: COUNT, grants: COUNT, owners: COUNT });
    expect(summary).toContain("0 kept, 0 refused.");
    expect(peakMegabytes).toBeLessThan(MOST_MEGABYTES);
  });
});
