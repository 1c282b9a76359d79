/** A group's tokens are in no error to a user, even when the provider repeats them: see graphql.test.ts. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { textFields } from "./secrets.ts";
import { casesOf } from "../support/long.ts";
import { askAll, askRest, operations, restRequests } from "./asking.ts";
import { startPlainGateway } from "./plain.ts";
import { askers, createWorld, ENUMERATION_TIMEOUT_MS, TOKEN_FIELDS, type World } from "./world.ts";

let world: World;
beforeEach(async () => (world = await createWorld(await startPlainGateway())));
afterEach(() => world.close());

const tokenRoots = ["accessToken", "connection", "connectionToken", "connections"];
const failures = {
  "the provider is down, and repeats what it was sent": { status: 503, error: "server_error" },
  "the provider takes the grant back, and repeats it": { status: 400, error: "invalid_grant" },
  "the provider refuses the platform's credentials, and repeats the token": { status: 401, error: "invalid_client" },
};

it.each(casesOf(Object.entries(failures), ([, { error }]) => error === "invalid_grant"))(
  "no answer holds a group's token when %s",
  { timeout: ENUMERATION_TIMEOUT_MS },
  async (_name, { status, error }) => {
    world.clock.advance(3_600_001);
    world.provider.controls.always({ status, body: { error, error_description: world.groupSecrets().join(" ") } });
    const path = "/api/platform/groups/acme/connections/test";
    expect(world.leaks((await world.read(path, { headers: world.server })).text)).toBe(false);
    for (const asker of askers) {
      const fields = asker === "member" ? textFields() : TOKEN_FIELDS;
      const list = operations(world, "query", (root) => (tokenRoots.includes(root) ? fields : []));
      const { leaking, successes } = await askAll(world, asker, list);
      expect(leaking).toEqual([]);
      expect(asker === "member" ? [...successes.keys()].toSorted() : tokenRoots).toEqual(tokenRoots);
      const reads = (await restRequests(world)).filter(({ method, isServers }) => method === "GET" && !isServers);
      expect((await askRest(world, asker, reads, { mayFail: true })).leaking).toEqual([]);
    }
    expect(world.leaks(world.logged.join("\n"))).toBe(false);
  },
);
