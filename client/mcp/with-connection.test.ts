/** MCP's own client and server, before a gateway and an OAuth server. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createMcpHandler, type McpHttpHandler, McpServer } from "@modelcontextprotocol/server";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createMcpExample } from "../../examples/mcp-server/server.ts";
import { createServerHeaders } from "../../test/support/caller.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { createServer } from "../server/index.ts";
import { type ConnectionOptions, withConnection } from "./with-connection.ts";

let app: TestApp;
let apiKey: { publishable: string; secret: string };
let users = 0;

beforeAll(async () => {
  app = await startTestApp({
    facts: (url) => ({ api: { base_url: `${url}/api` } }),
    connector: { allowed_scopes: ["read", "write", "admin"] },
  });
  const { authorization } = await createServerHeaders(app);
  const [publishable = "", secret = ""] = atob(authorization.replace("Basic ", "")).split(":");
  apiKey = { publishable, secret };
});
afterAll(() => app.close());

/** Called when a token is next asked for. */
let onAsk: (() => unknown) | null = null;
/** What tokens were asked for with, by the variables. */
const asked: unknown[] = [];

const fetchThere: typeof fetch = async (input, init) => {
  if (typeof init?.body === "string" && init.body.includes("query UserToken")) {
    asked.push(JSON.parse(init.body).variables);
    onAsk?.();
    onAsk = null;
  }
  const request = new Request(input, init);
  return request.url.startsWith(PUBLIC_URL) ? app.app.fetch(request) : fetch(request);
};

type Answer = "accept" | "decline" | "cancel";

interface Visit {
  url: string;
  message: string;
}

interface Conversation {
  user: TestUser;
  /** The pages that the client was asked to open. */
  visits: Visit[];
  call: () => Promise<{ text: string; isError: boolean }>;
}

const gatewayOptions = () => ({ url: PUBLIC_URL, apiKey, fetch: fetchThere });

/** An MCP client of a user of their own. `open` is what the user does about a page; null: a client that opens none. */
async function converse(
  open: ((visit: Visit, user: TestUser) => Promise<Answer>) | null,
  connection: ConnectionOptions = {},
  createServe: (userId: string) => McpHttpHandler["fetch"] = () =>
    createMcpExample({ gateway: gatewayOptions(), connector: { slug: "test", name: "Test" }, connection }),
): Promise<Conversation> {
  const id = `mcp-${++users}`;
  const user = await app.signIn(id);
  const serve = createServe(id);
  const client = new Client(
    { name: "test", version: "1.0.0" },
    { capabilities: open ? { elicitation: { url: {} } } : {}, versionNegotiation: { mode: { pin: "2026-07-28" } } },
  );
  const visits: Visit[] = [];
  if (open)
    client.setRequestHandler("elicitation/create", async ({ params }) => {
      if (params.mode !== "url") throw new Error("A page is to be opened.");
      const visit = { url: params.url, message: params.message };
      visits.push(visit);
      return { action: await open(visit, user) };
    });
  const transport = new StreamableHTTPClientTransport(new URL("http://mcp.example/"), {
    fetch: async (input, init) => {
      const request = new Request(input, init);
      request.headers.set("authorization", `Bearer ${await user.bearer()}`);
      return serve(request);
    },
  });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return {
    user,
    visits,
    async call() {
      const { content, isError = false } = await client.callTool({ name: "whoami" });
      return { text: content.map((part) => (part.type === "text" ? part.text : "")).join(), isError };
    },
  };
}

const agree = async (): Promise<Answer> => "accept";

test("asks the client to open the page to connect, and the call succeeds once the user has", async () => {
  const { visits, call } = await converse(async (_visit, user) => {
    await user.connect();
    return "accept";
  });
  expect(await call()).toEqual({ text: expect.stringMatching(/^{"id":"user-/), isError: false });
  expect(visits).toEqual([{ url: `${PUBLIC_URL}/connectors/test`, message: "Connect your Test account to go on." }]);
  expect((await call()).isError).toBe(false);
  expect(visits).toHaveLength(1);
});

test("waits for a user who finishes after they have agreed to open the page", async () => {
  const { visits, call } = await converse(async (_visit, user) => {
    onAsk = () => user.connect();
    return "accept";
  });
  expect((await call()).isError).toBe(false);
  expect(visits).toHaveLength(1);
});

test("asks to reconnect what the provider no longer honours, and says so in German", async () => {
  const { user, visits, call } = await converse(
    async (_visit, asked) => {
      await asked.connect();
      return "accept";
    },
    { locale: "de_AT", verify: true },
  );
  await user.connect();
  app.provider.controls.revokeGrants();
  app.clock.advance(7_200_000);
  expect((await call()).isError).toBe(false);
  expect(visits.map(({ message }) => message)).toEqual(["Ihr Konto bei Test muss neu verbunden werden."]);
});

test("asks to allow a scope that the tool needs", async () => {
  const { user, visits, call } = await converse(
    async ({ url }, asked) => {
      await asked.connect("test", new URL(url).search);
      return "accept";
    },
    { scopes: ["admin"] },
  );
  await user.connect();
  expect((await call()).isError).toBe(false);
  expect(visits).toEqual([{ url: expect.stringContaining("scopes=admin"), message: "Allow more with your Test account to go on." }]);
});

test.each<[string, Answer]>([
  ["declines", "decline"],
  ["closes the question", "cancel"],
])("tells the model of a user who %s", async (_what, answer) => {
  const { call } = await converse(async () => answer);
  expect(await call()).toEqual({ text: "Test was not connected, as you declined.", isError: true });
});

test("tells the model where to finish, of a user who has agreed and does not connect", async () => {
  const { visits, call } = await converse(agree, { waitMs: 1 });
  expect(await call()).toEqual({
    text: `Test is not connected yet. Finish at ${PUBLIC_URL}/connectors/test, then try again.`,
    isError: true,
  });
  expect(visits).toHaveLength(1);
});

test("gives a client that opens no pages the link as a text", async () => {
  const { call } = await converse(null);
  expect(await call()).toEqual({ text: `Connect your Test account to go on. Open ${PUBLIC_URL}/connectors/test`, isError: true });
});

test("asks for no page about what the user cannot mend", async () => {
  const { user, visits, call } = await converse(agree, { minimumTtl: 86_400 });
  await user.connect();
  expect(await call()).toEqual({ text: expect.stringMatching(/^No Test token can be had that lives that long/), isError: true });
  expect(visits).toEqual([]);
  const german = await converse(agree, { minimumTtl: 86_400, locale: "de-AT" });
  await german.user.connect();
  expect((await german.call()).text).toMatch(/^Für Test gibt es kein Token, das so lange gilt: Höchstens \d+ s sind möglich\.$/);
});

test("asks apart for each of two tokens that a tool needs of one connector", async () => {
  const server = createServer(gatewayOptions());
  const serve = (userId: string) => {
    const mcp = new McpServer({ name: "test", version: "1.0.0" });
    const owner = server.user(userId);
    const done = () => ({ content: [{ type: "text" as const, text: "both" }] });
    mcp.registerTool("whoami", {}, (context) =>
      withConnection(context, owner, "test", () => withConnection(context, owner, "test", done, { scopes: ["admin"] })),
    );
    return createMcpHandler(() => mcp).fetch;
  };
  const open = async ({ url }: Visit, user: TestUser): Promise<Answer> => {
    await user.connect("test", new URL(url).search);
    return "accept";
  };
  const { visits, call } = await converse(open, {}, serve);
  expect(await call()).toEqual({ text: "both", isError: false });
  expect(visits).toHaveLength(2);
});

test("calls the API with the scopes and for the purpose that the tool states", async () => {
  const { user, call } = await converse(null, { scopes: ["read"], purpose: "whoami" });
  await user.connect();
  asked.length = 0;
  expect((await call()).isError).toBe(false);
  expect(asked).toHaveLength(2);
  for (const variables of asked) expect(variables).toMatchObject({ scopes: ["read"], purpose: "whoami" });
});
