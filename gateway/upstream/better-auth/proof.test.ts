import { afterEach, describe, expect, it } from "vitest";
import { type BetterAuthWorld, startBetterAuthWorld, type WorldOptions } from "../../../test/support/better-auth-gateways.ts";
import { startBetterAuthProcess } from "../../../test/support/better-auth-processes.ts";
import { databaseKinds } from "../../../test/support/databases.ts";

let world: BetterAuthWorld;
afterEach(() => world?.close());

const many = <Result>(count: number, ask: () => Promise<Result>) => Promise.all(Array.from({ length: count }, ask));

/** The provider rotates refresh tokens, and revokes the whole grant when a used one comes back. */
async function start(options: WorldOptions) {
  world = await startBetterAuthWorld(options);
  const { provider, write, instances } = world;
  const [{ ask, askBetterAuth }] = instances;
  return {
    provider,
    instances,
    ask,
    askBetterAuth,
    expireAgain: () => write({ accessTokenExpiresAt: new Date(0) }),
    refreshesOf: async <Result>(asking: () => Promise<Result>) => {
      const before = provider.refreshCount();
      const answers = await asking();
      return { answers, refreshes: provider.refreshCount() - before };
    },
  };
}

const cases = databaseKinds.flatMap((kind) => [
  { kind, isSealing: false, tokens: "plain" },
  { kind, isSealing: true, tokens: "sealed" },
]);

describe.each(cases)("50 requests at once on an expired token, $tokens on $kind", ({ kind, isSealing }) => {
  it("by better-auth alone are 50 refreshes and one token, and the grant is dead", async () => {
    const { provider, askBetterAuth, refreshesOf, expireAgain } = await start({ kind, isSealing });
    const hold = provider.controls.hold();
    const { answers, refreshes } = await refreshesOf(async () => {
      const asking = many(50, () => askBetterAuth());
      await hold.arrived(50);
      provider.controls.release();
      return asking;
    });
    expect(refreshes).toBe(50);
    expect(answers.filter((token) => token === null)).toHaveLength(49);
    await expireAgain();
    expect(await askBetterAuth()).toBeNull();
  });

  it("through the gateway are one refresh and 50 good tokens, and the grant lives", async () => {
    const { provider, ask, refreshesOf, expireAgain } = await start({ kind, isSealing });
    const { answers, refreshes } = await refreshesOf(() => many(50, () => ask()));
    expect(refreshes).toBe(1);
    expect(new Set(answers.map(({ value }) => value)).size).toBe(1);
    expect(provider.liveAccessTokens()).toContain(answers[0]?.value);
    await expireAgain();
    const next = await ask();
    expect(provider.liveAccessTokens()).toContain(next.value);
  });

  it("through two gateways and better-auth's own endpoint with the plugin are one refresh and 50 good tokens", async () => {
    const { provider, instances, refreshesOf } = await start({ kind, isSealing, isRouted: true, instances: 2 });
    const { answers, refreshes } = await refreshesOf(async () => {
      const asked = instances.flatMap(({ ask, askBetterAuth }) => [
        many(12, async () => (await ask()).value ?? null),
        many(13, () => askBetterAuth()),
      ]);
      return (await Promise.all(asked)).flat();
    });
    expect(refreshes).toBe(1);
    expect(answers).toHaveLength(50);
    expect(new Set(answers).size).toBe(1);
    expect(provider.liveAccessTokens()).toContain(answers[0]);
  });
});

describe.each(databaseKinds)("50 requests at once on an expired token, through two processes on %s", (kind) => {
  it("are one refresh and 50 good tokens", async () => {
    const { provider, refreshesOf } = await start({ kind, isSealing: true });
    const processes = await Promise.all([startBetterAuthProcess(world), startBetterAuthProcess(world)]);
    const { answers, refreshes } = await refreshesOf(async () => (await Promise.all(processes.map(({ ask }) => ask(25)))).flat());
    await Promise.all(processes.map(({ stop }) => stop()));
    expect(refreshes).toBe(1);
    expect(answers).toHaveLength(50);
    expect(new Set(answers.map(({ value }) => value)).size).toBe(1);
    expect(provider.liveAccessTokens()).toContain(answers[0]?.value);
  });
});
