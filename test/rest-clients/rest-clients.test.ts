/** Clients of the REST contract in TypeScript, generated from its OpenAPI document, and in Python, before a gateway on a port. */
import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { promisify } from "node:util";
import { getRequestListener } from "@hono/node-server";
import createClient from "openapi-fetch";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { createServerHeaders } from "../support/caller.ts";
import { blocksOf } from "../support/code-blocks.ts";
import { startTestApp, type TestApp } from "../support/test-app.ts";
import type { paths } from "./openapi.d.ts";

let test: TestApp;
let server: Server;
let url: string;
let authorization: string;

beforeAll(async () => {
  test = await startTestApp();
  ({ authorization } = await createServerHeaders(test));
  server = createServer(getRequestListener((request) => test.app.fetch(request))).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  await (await test.signIn("ada")).connect();
  await (await test.signIn("bob")).connect();
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await test.close();
});

const clientOf = (credential: string) => createClient<paths>({ baseUrl: url, headers: { authorization: credential } });

/** What a caller does with the answer, by its discriminators. */
async function tokenOf(user: string): Promise<string> {
  const path = { external_id: user, slug: "test" };
  const { data, error } = await clientOf(authorization).GET("/api/platform/users/{external_id}/connections/{slug}", { params: { path } });
  if (error) return `${error.code}: ${error.error}`;
  const { connection } = data;
  if (connection.type === "connection" && connection.authorization?.access_token) return "a token";
  const problem = connection.token_problem;
  switch (problem?.code) {
    case "NOT_CONNECTED":
      return `connect at ${problem.connector_url}`;
    case "RECONNECT_REQUIRED":
      return `${problem.reason}: reconnect at ${problem.connector_url}`;
    case "SCOPES_MISSING":
      return `allow ${problem.missing_scopes.join()} at ${problem.connector_url}`;
    default:
      return problem?.message ?? "nothing";
  }
}

it("a client that is generated from the OpenAPI document provisions users, and tells answers apart by their types", async () => {
  const client = clientOf(authorization);
  const { data } = await client.POST("/api/platform/users", { body: { user: { external_id: "eve", name: "Eve" } } });
  expect(data?.user).toEqual({ external_id: "eve", external_group_id: null, name: "Eve" });
  expect(await tokenOf("ada")).toBe("a token");
  expect(await tokenOf("eve")).toBe("connect at http://localhost:4000/connectors/test");
  expect(await tokenOf("nobody")).toBe("NOT_FOUND: No user has this id: create the user with POST /users first.");

  const own = clientOf(`Bearer ${data?.access_token}`);
  expect((await own.GET("/api/platform_user/session")).data?.session.user.external_id).toBe("eve");
  const { error } = await own.GET("/api/platform_user/connections/{slug}", { params: { path: { slug: "test" } } });
  expect(error).toMatchObject({ code: "NOT_CONNECTED", connector_url: expect.any(String) });
});

it("such a client pages through a list", async () => {
  const owners: string[] = [];
  let after: string | undefined;
  do {
    const query: { limit: string; after?: string } = { limit: "1", ...(after && { after }) };
    const { data } = await clientOf(authorization).GET("/api/platform/connections", { params: { query } });
    owners.push(...(data?.connections ?? []).map(({ owner }) => owner.external_id));
    after = data?.next ?? undefined;
  } while (after);
  expect(owners.toSorted()).toEqual(["ada", "bob"]);
});

function hasPython(): boolean {
  try {
    execFileSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 9))"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Runs Python with the API key, and answers what it prints. */
async function runPython(...words: string[]): Promise<string> {
  const [publishable, secret] = atob(authorization.replace("Basic ", "")).split(":");
  const env = { ...process.env, XKIT_URL: url, XKIT_PUBLISHABLE_KEY: publishable, XKIT_SECRET_KEY: secret };
  const { stdout, stderr } = await promisify(execFile)("python3", words, { env });
  expect(stderr).toBe("");
  return stdout;
}

it.skipIf(!hasPython())("the program on the page about Python says what it finds (needs python3)", async () => {
  const [program = ""] = blocksOf("docs/quickstart/python.md")
    .filter(({ language }) => language === "python")
    .map(({ text }) => text);
  expect(await runPython("-c", program.replaceAll("/connections/slack", "/connections/test"))).toBe("There is a token.\n");
  expect(await runPython("-c", program.replaceAll("ada", "eva").replaceAll("/connections/slack", "/connections/test"))).toContain(
    "Test is not connected",
  );
});

it.skipIf(!hasPython())(
  "a Python script without packages walks the contract, and finds each answer as documented (needs python3)",
  async () => {
    expect(await runPython("examples/python/walk.py", "ada")).toMatch(
      /^ada can sign in until .*\nTest: a bearer token until .*\nThe platform has 2 connections\.\n\d\d answers were held/,
    );
  },
);

it.skipIf(!hasPython())("the script follows no redirect, by which the key would reach another host (needs python3)", async () => {
  const redirecting = createServer((request, response) => response.writeHead(302, { location: `${url}${request.url}` }).end());
  onTestFinished(() => void redirecting.close());
  await once(redirecting.listen(0, "127.0.0.1"), "listening");
  const address = redirecting.address();
  const XKIT_URL = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  const env = { ...process.env, XKIT_URL, XKIT_PUBLISHABLE_KEY: "pk", XKIT_SECRET_KEY: "sk" };
  await expect(promisify(execFile)("python3", ["examples/python/walk.py", "ada"], { env })).rejects.toMatchObject({
    stderr: `${XKIT_URL} redirects: set XKIT_URL to the address that it redirects to.\n`,
  });
});
