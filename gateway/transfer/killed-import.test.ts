import { describe, expect, it, vi } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { killAndResume } from "../../test/support/killed-import.ts";

// Two real processes.
vi.setConfig({ testTimeout: 120_000 });

const COUNT = 2_000;

describe.each(databaseKinds)("an import that is killed on %s", (kind) => {
  it("is started again with the same file, and has nothing twice and nothing lost", async () => {
    const { storedBefore, summary, ...counted } = await killAndResume(kind, COUNT);
    expect(storedBefore).toBeLessThan(COUNT);
    expect(counted).toMatchObject({ connections: COUNT, grants: COUNT, owners: COUNT });
    expect(summary).toBe(`${COUNT} connections: ${COUNT - storedBefore} imported, ${storedBefore} skipped, 0 kept, 0 refused.`);
  });
});
