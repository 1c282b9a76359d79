import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { vi } from "vitest";
import { type AuthorizationServer, startAuthorizationServer } from "./authorization-server.ts";
import { PATIENCE } from "./patience.ts";
import { type GatewayProcess, startProcess } from "./process.ts";

/** `xkit-gateway start --workers` as real processes, before a provider of its own, with one user who has connected. */
export interface Workers {
  gateway: GatewayProcess;
  provider: AuthorizationServer;
  port: number;
  /** Has the user sign in and connect once more. */
  connect(): Promise<void>;
  /** The lines of the log. */
  logged(): { worker?: number; pid?: number; path?: string; msg: string; [fact: string]: unknown }[];
  /** The processes of the workers that serve, by number, those that have ended and were replaced left out. */
  pids(): Map<number, number>;
  /** Kills the worker and resolves once another one serves in its place. */
  replace(number: number): Promise<void>;
  /** A connection of its own, or one that is kept. */
  send(path: string, options?: Sent): Promise<Answer>;
  /** Asks over this connection which worker has it. */
  workerOf(agent: Agent): Promise<number>;
  graphql(query: string, agent?: Agent): Promise<{ data: { [field: string]: { [field: string]: string } | null } }>;
  /** Opens a stream of events. Resolves to its first bytes, which may be the whole of a refusal, and to what comes of them. */
  subscribe(query: string, agent?: Agent): Promise<EventStream>;
  metrics(): Promise<string>;
  close(): Promise<void>;
}

export interface EventStream {
  status: number;
  /** Resolves once it has received this. */
  received(text: string): Promise<unknown>;
  close(): void;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

interface Sent {
  headers?: Record<string, string>;
  body?: string;
  agent?: Agent;
}

export const keptConnection = (): Agent => new Agent({ keepAlive: true, maxSockets: 1 });

export async function startWorkers(count: number, env: Record<string, string>): Promise<Workers> {
  const provider = await startAuthorizationServer();
  const folder = mkdtempSync(join(tmpdir(), "xkit-workers-"));
  const { clientId, clientSecret } = provider.client;
  const connector = { slug: "test", name: "Test", provider: provider.providerFacts, scopes: ["read"] };
  const connectors = [{ ...connector, client_id: clientId, client_secret: clientSecret }];
  writeFileSync(join(folder, "xkit.config.json"), JSON.stringify({ platform: { name: "Acme" }, connectors }));
  const settings = { PORT: "0", LOG_LEVEL: "info", ...env };
  const gateway = startProcess(["start", "--workers", String(count)], settings, folder);
  const link = new URL(await gateway.printed(/(http:\/\/localhost:\d+\/sign-in)/));
  const connectUser = () => connect(link, provider);
  const bearer = await bearerOf(link, await connectUser());
  const keys = startProcess(["keys", "create"], { ...settings, LOG_LEVEL: "silent" }, folder);
  await keys.ended;
  const [, publishable = "", secret = ""] = /publishable (pk_\S+)\nsecret {6}(sk_\S+)/.exec(keys.stdout()) ?? [];

  const logged: Workers["logged"] = () =>
    gateway
      .stdout()
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line));
  const pids = () =>
    new Map(logged().flatMap(({ msg, worker, pid }) => (msg === "a worker is ready" && worker && pid ? [[worker, pid]] : [])));
  const send: Workers["send"] = (path, options) => sendTo(Number(link.port), path, options);
  let probes = 0;

  return {
    gateway,
    provider,
    port: Number(link.port),
    connect: async () => void (await connectUser()),
    logged,
    pids,
    async replace(number) {
      const pid = pids().get(number);
      if (pid === undefined) throw new TypeError(`There is no worker ${number}.`);
      process.kill(pid, "SIGKILL");
      await vi.waitUntil(() => pids().get(number) !== pid, PATIENCE);
    },
    send,
    async workerOf(agent) {
      const path = `/probe-${(probes += 1)}`;
      await send(path, { agent });
      return vi.waitUntil(() => logged().find((line) => line.path === path)?.worker, PATIENCE);
    },
    async graphql(query, agent) {
      const headers = { "content-type": "application/json", authorization: `Bearer ${bearer}` };
      const { body } = await send("/graphql", { headers, body: JSON.stringify({ query }), ...(agent && { agent }) });
      return JSON.parse(body);
    },
    subscribe: (query, agent) =>
      new Promise((resolve, reject) => {
        const headers = { accept: "text/event-stream", "content-type": "application/json", authorization: `Bearer ${bearer}` };
        const sent = request({ port: link.port, path: "/graphql", method: "POST", headers, agent: agent ?? false }, (response) => {
          let all = "";
          response.setEncoding("utf8").on("data", (part: string) => (all += part));
          const received = (expected: string) => vi.waitUntil(() => all.includes(expected), PATIENCE);
          response.on("error", () => {});
          response.once("data", () => resolve({ status: response.statusCode ?? 0, received, close: () => sent.destroy() }));
        });
        sent.on("error", reject).end(JSON.stringify({ query }));
      }),
    async metrics() {
      const authorization = `Basic ${Buffer.from(`${publishable}:${secret}`).toString("base64")}`;
      return (await send("/metrics", { headers: { authorization } })).body;
    },
    async close() {
      gateway.child.kill("SIGKILL");
      await gateway.ended;
      await provider.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Signs a browser in by the link that was printed, and connects. Each request has a connection of its own, and so another worker. */
/** Signs in as Ada in a browser of her own, and connects. Answers its cookies. */
async function connect(link: URL, provider: AuthorizationServer): Promise<string> {
  const port = Number(link.port);
  const cookies: string[] = [];
  const visit = async ({ pathname, search }: URL, { headers, ...sent }: Sent = {}) => {
    const answer = await sendTo(port, pathname + search, { ...sent, headers: { ...headers, cookie: cookies.join("; ") } });
    cookies.push(...(answer.headers["set-cookie"] ?? []).map((cookie) => cookie.split(";")[0] ?? ""));
    return answer;
  };
  await visit(link, { headers: { origin: link.origin }, body: "user=ada" });
  const connecting = await visit(new URL("/connect/test", link));
  await visit(await provider.authorize(connecting.headers.location ?? ""));
  return cookies.join("; ");
}

/** A bearer for the user of a session. */
async function bearerOf({ port, origin }: URL, cookie: string): Promise<string> {
  const headers = { origin, cookie, "content-type": "application/json" };
  const { body } = await sendTo(Number(port), "/graphql", {
    headers,
    body: JSON.stringify({ query: "mutation { refreshSession { token } }" }),
  });
  return JSON.parse(body).data.refreshSession.token;
}

/** Without an agent, over a connection of its own. */
function sendTo(port: number, path: string, { headers = {}, body, agent }: Sent = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const sent = request({ port, path, method, headers, agent: agent ?? false }, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answer }), reject);
    });
    sent.once("error", reject).end(body);
  });
}
