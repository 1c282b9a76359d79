/** What docs/native-and-server-rendered.md shows, run before a gateway that no cookie reaches. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import { getRequestListener } from "@hono/node-server";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createServerHeaders } from "../test/support/caller.ts";
import { PUBLIC_URL, startTestApp, type TestApp, WEB_ORIGIN } from "../test/support/test-app.ts";

const PAGE = readFileSync(new URL("../docs/native-and-server-rendered.md", import.meta.url), "utf8");
const ENTRIES: Record<string, string> = { "@xkit-gateway/client/server": "./server/index.ts", "@xkit-gateway/client": "./index.ts" };

let app: TestApp;
let server: Server;
let url: string;
const files: string[] = [];

beforeAll(async () => {
  app = await startTestApp({
    facts: (provider) => ({ api: { base_url: `${provider}/api` } }),
    connector: { slug: "slack", name: "Slack" },
    connectors: [{ slug: "keyed", name: "Keyed", collect: { fields: [{ name: "api_key", label: "Key", secret: true }] } }],
  });
  const answer = getRequestListener(async (request) => {
    if (new URL(request.url).pathname === "/user-token") return new Response((await app.app.provisionUser({ id: "ada" })).token);
    if (request.headers.has("cookie")) throw new Error("Nothing here is a browser.");
    return app.app.fetch(request);
  });
  server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  const { authorization } = await createServerHeaders(app);
  [process.env["XKIT_PUBLISHABLE_KEY"], process.env["XKIT_SECRET_KEY"]] = atob(authorization.replace("Basic ", "")).split(":");
});
afterEach(() => {
  for (const path of files.splice(0)) rmSync(path);
});
afterAll(async () => {
  delete process.env["XKIT_PUBLISHABLE_KEY"];
  delete process.env["XKIT_SECRET_KEY"];
  server.closeAllConnections();
  server.close();
  await app.close();
});

/** Runs a file of the page, with the addresses of this test. */
async function load<Module>(name: string, schema: z.ZodType<Module>): Promise<Module> {
  const [, text = ""] = new RegExp(`^\`\`\`ts\\n// ${name}\\n(.*?)^\`\`\`$`, "ms").exec(PAGE) ?? [];
  const path = fileURLToPath(new URL(`docs-${name.replace(".ts", "")}.tmp.ts`, import.meta.url));
  files.push(path);
  const here = text
    .replaceAll("https://connect.acme.example", url)
    .replaceAll("https://api.acme.example", url)
    .replaceAll("https://app.acme.example", WEB_ORIGIN)
    .replaceAll(/from "(@xkit-gateway\/[^"]+)"/g, (_match, entry: string) => `from "${ENTRIES[entry]}"`);
  writeFileSync(path, here);
  return schema.parse(await import(/* @vite-ignore */ path));
}

const serverModule = z.object({
  renderProfile: z.custom<(userId: string, address: string) => Promise<string>>(),
  disconnect: z.custom<(userId: string) => Promise<void>>(),
});
const nativeModule = z.object({
  slackToken: z.custom<(open: (link: string) => Promise<unknown>) => Promise<string | null>>(),
  connectWithKey: z.custom<(slug: string, fill: (label: string) => Promise<string>) => Promise<boolean>>(),
});

test("a server that renders pages leads its user to connect, and then has the user's data", async () => {
  const { renderProfile, disconnect } = await load("page.ts", serverModule);
  const address = `${WEB_ORIGIN}/profile`;
  const render = () => renderProfile("ada", address);
  const link = `${PUBLIC_URL}/connectors/slack?returnTo=${encodeURIComponent(address)}`;
  expect(await render()).toBe(`<a href="${link}">Connect Slack</a>`);
  await (await app.signIn("ada")).connect("slack", new URL(link).search);
  expect(await render()).toBe("<p>Slack is connected.</p>");
  await disconnect("ada");
  expect(await render()).toContain("Connect Slack");
});

test("a native app sends its user to the system's browser, and has a token on return", async () => {
  const { slackToken } = await load("native.ts", nativeModule);
  const opened: string[] = [];
  const open = async (link: string) => opened.push(link);
  const read = () => slackToken(open);
  expect(await read()).toBeNull();
  expect(opened).toEqual([`${PUBLIC_URL}/connectors/slack?returnTo=${encodeURIComponent(`${WEB_ORIGIN}/connected`)}`]);
  const ended = await (await app.signIn("ada")).connect("slack", new URL(opened[0] ?? "").search);
  expect(ended.headers.get("location")).toMatch(new RegExp(`^${WEB_ORIGIN}/connected`));
  expect(await read()).toEqual(expect.any(String));
});

test("a native app connects with a key by a form of its own", async () => {
  const { connectWithKey } = await load("native.ts", nativeModule);
  const asked: string[] = [];
  const fill = async (label: string) => {
    asked.push(label);
    return "k-1";
  };
  expect(await connectWithKey("keyed", fill)).toBe(true);
  expect(asked).toEqual(["Key"]);
});

test("any HTTP client has the token by a bearer", async () => {
  const [, path = ""] = /curl -s https:\/\/connect\.acme\.example(\S+) -H/.exec(PAGE) ?? [];
  const { token } = await app.app.provisionUser({ id: "ada" });
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
  expect(await response.json()).toMatchObject({ connection: { enabled: true, authorization: { access_token: expect.any(String) } } });
});
