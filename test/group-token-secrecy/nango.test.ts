/** A group's tokens reach no user through a gateway before Nango: see graphql.test.ts. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { createApp } from "../../gateway/app.ts";
import { createLog } from "../../gateway/runtime/log.ts";
import { createServerHeaders } from "../support/caller.ts";
import { createTestDatabase } from "../support/databases.ts";
import { nangoEnvironment, startNangoWorld, visitNango } from "../support/nango.ts";
import { createTestConfig, sendTo } from "../support/test-app.ts";
import { casesOf } from "../support/long.ts";
import { askAll, askRest, operations, restRequests, SERVER_ROOTS } from "./asking.ts";
import { rootsOf } from "./secrets.ts";
import { type AskerName, createWorld, ENUMERATION_TIMEOUT_MS, type Gateway, TOKEN_FIELDS, type World } from "./world.ts";

async function startNangoGateway(): Promise<Gateway> {
  const nango = await startNangoWorld();
  const { clock, provider } = nango;
  const database = await createTestDatabase("sqlite");
  const connectors = [
    { slug: "test", name: "Test", integration: "test", supports_multiple_connections: true },
    { slug: "keyed", name: "Keyed", integration: "key", supports_multiple_connections: true },
  ];
  const config = createTestConfig(provider, database, { file: { connectors }, env: nangoEnvironment(nango) });
  const logged: string[] = [];
  const app = await createApp(config, { clock, log: createLog("debug", { write: (line) => void logged.push(line) }) });
  return {
    app,
    provider,
    clock,
    logged,
    server: await createServerHeaders({ config, clock }),
    provision: (id, groupId) => app.provisionUser({ id, ...(groupId !== undefined && { groupId }) }),
    visit: (_id, authorizeUrl) => visitNango(authorizeUrl),
    typeAtUpstream: (authorizeUrl, apiKey) => fetch(authorizeUrl, { method: "POST", body: new URLSearchParams({ apiKey }) }),
    sendAs: async () => sendTo(app),
    async close() {
      await app.close();
      await nango.close();
      await database.drop();
    },
  };
}

let world: World;
beforeAll(async () => (world = await createWorld(await startNangoGateway())));
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
    // Keys are typed on Nango's own page.
    [...SERVER_ROOTS, "submitAuthorization"].toSorted(),
  );
});

it("no line of the log holds the group's token", () => {
  expect(world.leaks(world.logged.join("\n"))).toBe(false);
});
