import { expect, it } from "vitest";
import { createLog } from "../../runtime/log.ts";
import { createRevoke } from "./revoke.ts";

it("what the app throws at revoking is logged, and disconnects all the same", async () => {
  const logged: string[] = [];
  const log = createLog("warn", { write: (line) => void logged.push(line) });
  const failures = [
    () => {
      throw new Error("at once");
    },
    () => Promise.reject(new Error("later")),
  ];
  for (const revoke of failures)
    await createRevoke({ revoke }, { log, providerTimeoutMs: 1_000 })(
      { id: "one", providerId: "test" },
      { accessToken: null, refreshToken: null },
    );
  expect(logged.map((line) => JSON.parse(line).err.message)).toEqual(["at once", "later"]);
});
