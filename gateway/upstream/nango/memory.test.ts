import { expect, it } from "vitest";
import type { Changes } from "../../store/changes.ts";
import { createMemory } from "./memory.ts";

it("reads again soon after a change that was told, as Nango's list may lag behind, and then as often as before", async () => {
  const slept: { milliseconds: number; wake: () => void }[] = [];
  const clock = {
    now: () => 0,
    sleep: (milliseconds: number) => new Promise<void>((wake) => slept.push({ milliseconds, wake })),
    until: () => Promise.resolve(),
  };
  let tell: Parameters<Changes["listen"]>[0] = () => {};
  const memory = createMemory(clock, { listen: (listener) => ((tell = listener), () => {}) }, 30_000)({ kind: "user", id: "ada" });

  const before = memory.poll();
  expect(memory.poll()).toBe(before);
  tell("everything");
  const soon = memory.poll();
  slept[0]?.wake();
  await before;
  expect(memory.poll()).toBe(soon);
  slept[1]?.wake();
  await soon;
  void memory.poll();
  expect(slept.map(({ milliseconds }) => milliseconds)).toEqual([30_000, 2_000, 30_000]);
});
