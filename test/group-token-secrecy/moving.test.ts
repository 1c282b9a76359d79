/** A group's tokens reach no user while they move in and out of it, nor by the word of an issuer: see graphql.test.ts. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { createKey, issue } from "../support/auth.ts";
import { listen, sendJson } from "../support/server-io.ts";
import { askAll, askRest, operations, restRequests, toInit } from "./asking.ts";
import { startPlainGateway } from "./plain.ts";
import { createWorld, ENUMERATION_TIMEOUT_MS, TOKEN_FIELDS, type World } from "./world.ts";

const MOVES = 60;
const key = await createKey("k1");
let world: World;
let jwks: Awaited<ReturnType<typeof listen>>;
beforeEach(async () => {
  jwks = await listen(async (_request, response) => sendJson(response, 200, { keys: [key.publicJwk] }));
  const token_issuers = [{ iss: "https://id.example.com/", aud: "xkit", group_id_claim: "org", jwks_url: `${jwks.url}/jwks.json` }];
  world = await createWorld(await startPlainGateway({ file: { token_issuers } }));
});
afterEach(async () => {
  await world.close();
  await jwks.close();
});

it("a group's token is in no answer while users move in and out, whatever they ask then", { timeout: ENUMERATION_TIMEOUT_MS }, async () => {
  const { connectionId } = world.planted.test;
  const seen = new Set<string>();
  const headers = await world.headersOf("user without a group");
  const query = `{ viewer { groupId } bySlug: accessToken(where: { slug: "test" }) { __typename ... on AccessToken { value } }
    byId: accessToken(where: { id: "${connectionId}" }) { __typename ... on AccessToken { value } }
    connectionToken(where: { id: "${connectionId}" }) connections { authorization { accessToken } } }`;
  const paths = ["connections/test", `connection/${connectionId}`, "connections", "connectors"];
  for (let move = 0; move < MOVES; move += 1) {
    const asked = () => [
      world.read("/graphql", toInit(query, headers)),
      ...paths.map((path) => world.read(`/api/platform_user/${path}`, { headers })),
    ];
    const moved = () => world.provision("ada", move % 2 === 0 ? "acme" : null);
    const before = asked();
    const moving = moved();
    const answers = await Promise.all([...before, ...asked()]);
    await moving;
    for (const { text } of answers) {
      expect(world.leaks(text)).toBe(false);
      for (const found of text.matchAll(/"(TokenWithheld|AccessToken|TOKEN_WITHHELD|access_token)"/g)) seen.add(found[1] ?? "");
    }
  }
  // Both sides of the move were met.
  expect([...seen].toSorted()).toEqual(["AccessToken", "TOKEN_WITHHELD", "TokenWithheld", "access_token"]);
});

it(
  "a group's token is in no answer to a JWT of a configured issuer, whatever group it claims",
  { timeout: ENUMERATION_TIMEOUT_MS },
  async () => {
    for (const org of ["acme", undefined, "other", "acme"]) {
      const jwt = await issue(key, world.clock, { sub: "jay", org });
      const asJay: World = { ...world, headersOf: async () => ({ authorization: `Bearer ${jwt}` }) };
      const roots = ["accessToken", "connection", "connectionToken", "connections", "viewer"];
      const { leaking, successes, reached } = await askAll(
        asJay,
        "user without a group",
        operations(world, "query", (root) => (roots.includes(root) ? [...TOKEN_FIELDS, "Viewer.groupId", "TokenWithheld.message"] : [])),
      );
      const reads = (await restRequests(world)).filter(({ operation }) =>
        /^GET \/api\/platform_user\/(connection|session)/.test(operation),
      );
      const rest = await askRest(asJay, "user without a group", reads);
      expect([...leaking, ...rest.leaking]).toEqual([]);
      expect([...successes.keys()]).toContain("viewer");
      expect(rest.successes.has("GET /api/platform_user/session")).toBe(true);
      expect(reached.has("TokenWithheld.message")).toBe(org === "acme");
      expect(rest.successes.has("GET /api/platform_user/connection/{id}")).toBe(org === "acme");
    }
  },
);
