import { expect, it } from "vitest";
import { createLog } from "../runtime/log.ts";
import { createAvailability } from "./availability.ts";

it("the store is tried once for all who ask within a second", async () => {
  let tries = 0;
  const availability = createAvailability(createLog("silent"), async () => void (tries += 1));
  await Promise.all(Array.from({ length: 100 }, () => availability.check()));
  await availability.check();
  expect(tries).toBe(1);
});
