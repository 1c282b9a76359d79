/** A group's tokens are in no answer of the REST contract to a user: see graphql.test.ts. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { askRest, restRequests } from "./asking.ts";
import { startPlainGateway } from "./plain.ts";
import { askers, createWorld, ENUMERATION_TIMEOUT_MS, type World } from "./world.ts";

let world: World;
beforeAll(async () => (world = await createWorld(await startPlainGateway())));
afterAll(() => world.close());

it("a server gets the group's token by every path that can give it, and in no list", async () => {
  for (const slug of ["test", "keyed"] as const) {
    const { connectionId } = world.planted[slug];
    for (const kind of ["groups", "contexts"])
      for (const path of [`connections/${slug}`, `connection/${connectionId}`])
        expect(world.leaks((await world.read(`/api/platform/${kind}/acme/${path}`, { headers: world.server })).body)).toBe(true);
  }
  expect(world.leaks((await world.read("/api/platform/groups/acme/connections", { headers: world.server })).body)).toBe(false);
});

it.each(askers)("no operation answers the group's token: %s", { timeout: ENUMERATION_TIMEOUT_MS }, async (asker) => {
  const requests = await restRequests(world);
  const { leaking, successes } = await askRest(world, asker, requests);
  expect(leaking).toEqual([]);
  if (asker !== "member") return;
  // What asks for a key pair cannot succeed for a user; everything else has to.
  const missed = requests.filter(({ operation }) => !successes.has(operation));
  expect([...new Set(missed.map(({ operation }) => operation))]).toEqual([
    ...new Set(requests.filter(({ isServers }) => isServers).map(({ operation }) => operation)),
  ]);
  expect(missed.every(({ path }) => path.startsWith("/api/platform/"))).toBe(true);
  expect(successes.size).toBe(18);
});
