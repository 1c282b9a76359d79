/** What a server's bundler takes of the server client. */
import { fileURLToPath } from "node:url";
import { createContext, Script } from "node:vm";
import { build } from "vite";
import { beforeAll, expect, test } from "vitest";

const CLIENT = fileURLToPath(new URL("../", import.meta.url));
let modules: string[] = [];
let code = "";

beforeAll(async () => {
  const options = {
    write: false,
    target: "es2022",
    lib: { entry: `${CLIENT}server/index.ts`, formats: ["iife" as const], name: "server" },
  };
  const built = await build({ configFile: false, logLevel: "error", build: options });
  const outputs = Array.isArray(built) ? built : "output" in built ? [built] : [];
  const chunks = outputs.flatMap(({ output }) => output).flatMap((file) => (file.type === "chunk" ? [file] : []));
  modules = chunks.flatMap((chunk) => chunk.moduleIds);
  code = chunks.map((chunk) => chunk.code).join("\n");
});

test("has nothing of React, of urql, of a page or of its session", () => {
  const own = modules.filter((id) => id.startsWith(CLIENT)).map((id) => id.slice(CLIENT.length));
  expect(own).toContain("server/server.ts");
  expect(own.filter((id) => !/^(server|api)\/|^session\/(api-request|token-fetch)\.ts$/.test(id))).toEqual([]);
  const packages = new Set(modules.flatMap((id) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1] ?? []));
  expect([...packages]).toEqual(["@0no-co/graphql.web"]);
});

test("runs where there is nothing but what edge runtimes have", async () => {
  const web = {
    AbortController,
    AbortSignal,
    Headers,
    Request,
    Response,
    TextDecoder,
    TextEncoder,
    URL,
    atob,
    btoa,
    crypto,
    setTimeout,
    clearTimeout,
  };
  const sent: Request[] = [];
  const fetch = async (input: string, init: RequestInit) => {
    sent.push(new Request(input, init));
    return Response.json({ data: { user: { id: "ada", name: null, groupId: null } } });
  };
  const context = createContext({ ...web, fetch });
  const user: unknown = await new Script(
    `${code}; server.createServer({ url: "https://connect.example.com", apiKey: { publishable: "pk", secret: "sk" } }).user("ada").get()`,
  ).runInContext(context);
  expect(user).toEqual({ id: "ada", name: null, groupId: null });
  expect(sent[0]?.headers.get("authorization")).toBe(`Basic ${btoa("pk:sk")}`);
});
