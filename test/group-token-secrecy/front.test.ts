/** A group's tokens reach no user through a gateway in front of another: see graphql.test.ts. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { rootsOf } from "./secrets.ts";
import { casesOf } from "../support/long.ts";
import { askAll, askRest, operations, restRequests, SERVER_ROOTS } from "./asking.ts";
import { startFrontGateway } from "./front.ts";
import { type AskerName, createWorld, ENUMERATION_TIMEOUT_MS, TOKEN_FIELDS, type World } from "./world.ts";

let world: World;
beforeAll(async () => (world = await createWorld(await startFrontGateway())));
afterAll(() => world.close());

const askers = casesOf<AskerName>(["member", "former member"], (asker) => asker === "member");

it("a server gets the group's token", async () => {
  for (const slug of ["test", "keyed"])
    expect(world.leaks((await world.read(`/api/platform/groups/acme/connections/${slug}`, { headers: world.server })).body)).toBe(true);
});

it.each(askers)("no answer holds the group's token: %s", { timeout: ENUMERATION_TIMEOUT_MS }, async (asker) => {
  const fields =
    asker === "member" ? [...TOKEN_FIELDS, "Session.token", "Connection.id", "TokenWithheld.message", "Mutation.logout"] : TOKEN_FIELDS;
  const everyRoot = (root: string) =>
    SERVER_ROOTS.includes(root) ? TOKEN_FIELDS : [...fields, "Viewer.id", "Platform.name", "Connector.slug"];
  const queries = await askAll(world, asker, operations(world, "query", everyRoot));
  const mutations = await askAll(world, asker, operations(world, "mutation", everyRoot));
  const requests = (await restRequests(world)).filter(({ isServers }) => !isServers);
  const rest = await askRest(world, asker, requests);
  expect([...queries.leaking, ...mutations.leaking, ...rest.leaking]).toEqual([]);
  if (asker !== "member") return;
  const roots = [...rootsOf("query", world.values), ...rootsOf("mutation", world.values)];
  expect(roots.filter((root) => !queries.successes.has(root) && !mutations.successes.has(root)).toSorted()).toEqual(
    SERVER_ROOTS.toSorted(),
  );
  const missed = new Set(requests.map(({ operation }) => operation).filter((operation) => !rest.successes.has(operation)));
  expect([...missed]).toEqual([]);
});

it("no line of either log holds the group's token", () => {
  expect(world.leaks(world.logged.join("\n"))).toBe(false);
});
