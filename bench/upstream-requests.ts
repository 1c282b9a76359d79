/**
 * `npm run bench:upstream`: how many requests each operation of a gateway in front sends upstream. The table of docs/rest-contract.md,
 * "Requests of a gateway in front", has these counts.
 */
import { subscribe } from "node:diagnostics_channel";
import { IncomingMessage } from "node:http";
import { z } from "zod";
import { plainService } from "../test/support/fake-xkit/dialects.ts";
import { startFakeXkit } from "../test/support/fake-xkit/fake-xkit.ts";
import { startSecondGateway, visit } from "../test/support/second-gateway.ts";
import { type BenchGateway, startGateway } from "./gateway.ts";
import { prepare } from "./prepare.ts";

const ROUNDS = 2;
const READS_PER_ROUND = 5;
/** Fewer than a gateway lets a user start. */
const CHANGES_PER_ROUND = 4;

const answerSchema = z.strictObject({ data: z.record(z.string(), z.unknown()) });
const startedSchema = z.object({ connect: z.object({ authorization: z.object({ authorizeUrl: z.string() }) }) });

const CONNECT = `mutation { connect(slug: "test") { authorization { authorizeUrl } } }`;
const WHERE = `where: { slug: "test" }`;
type Asker = "ada" | "member" | "server";
const READS: readonly (readonly [name: string, asker: Asker, query: string])[] = [
  ["connectors", "ada", `{ connectors { slug } }`],
  ["connection", "ada", `{ connection(${WHERE}) { enabled } }`],
  ["connectionOrConnector", "ada", `{ connectionOrConnector(slug: "test") { ... on Connection { enabled } } }`],
  ["connections", "ada", `{ connections { enabled } }`],
  ["connectionToken, accessToken", "ada", `{ connectionToken(${WHERE}) }`],
  ["connection, of a member", "member", `{ connection(${WHERE}) { enabled } }`],
  ["connectionToken, of a member", "member", `{ accessToken(${WHERE}) { __typename } }`],
  ["connection, to a server", "server", `{ user(id: "ada") { connection(${WHERE}) { enabled } } }`],
  ["connectionToken, to a server", "server", `{ user(id: "ada") { connectionToken(${WHERE}) } }`],
];

/** How often an operation was asked, and what it sent upstream. */
interface Count {
  operations: number;
  requests: number;
}

interface Upstream {
  url: string;
  keys: { publishable: string; secret: string };
  visit(link: string): Promise<unknown>;
}

/** A front, and how each of those who ask does it. */
interface Target {
  upstream: Upstream;
  front: BenchGateway;
  ask(asker: Asker, query: string): Promise<Record<string, unknown>>;
  counts: Map<string, Count>;
}

/** Requests so far to the servers of this process, by port. */
const served = new Map<string, number>();
subscribe("http.server.request.start", (message) => {
  if (typeof message !== "object" || message === null || !("request" in message)) return;
  if (!(message.request instanceof IncomingMessage)) return;
  const port = String(message.request.socket.localPort);
  served.set(port, (served.get(port) ?? 0) + 1);
});
const countServed = ({ url }: Pick<Upstream, "url">): number => served.get(new URL(url).port) ?? 0;

const basicOf = ({ publishable, secret }: Upstream["keys"]): string => `Basic ${btoa(`${publishable}:${secret}`)}`;

async function provisionAt({ url, keys }: Upstream, id: string, group: string | null): Promise<string> {
  const response = await fetch(`${url}/api/platform/users`, {
    method: "POST",
    headers: { authorization: basicOf(keys), "content-type": "application/json" },
    body: JSON.stringify({ user: { external_id: id, external_group_id: group } }),
  });
  return z.object({ access_token: z.string() }).parse(await response.json()).access_token;
}

async function startTarget(upstream: Upstream, users: "relayed" | "ours"): Promise<Target> {
  const { publishable, secret } = upstream.keys;
  const keys = { XKIT_UPSTREAM_PUBLISHABLE_KEY: publishable, XKIT_UPSTREAM_SECRET_KEY: secret };
  const env = { XKIT_UPSTREAM: "xkit", XKIT_UPSTREAM_URL: upstream.url, XKIT_UPSTREAM_USERS: users, ...keys };
  const front = await startGateway({ env });
  const tokenOf = async (id: string, group: string | null) =>
    users === "relayed" ? provisionAt(upstream, id, group) : front.run("users", "token", id, ...(group === null ? [] : ["--group", group]));
  const created = /publishable (\S+)\s+secret\s+(\S+)/.exec(front.run("keys", "create"));
  const credentials = {
    ada: `Bearer ${await tokenOf("ada", null)}`,
    member: `Bearer ${await tokenOf("grace", "team")}`,
    server: basicOf({ publishable: created?.[1] ?? "", secret: created?.[2] ?? "" }),
  };
  return {
    upstream,
    front,
    counts: new Map(),
    async ask(asker, query) {
      const headers = { "content-type": "application/json", authorization: credentials[asker] };
      const response = await fetch(`http://127.0.0.1:${front.port}/graphql`, { method: "POST", headers, body: JSON.stringify({ query }) });
      return answerSchema.parse(await response.json()).data;
    },
  };
}

async function countOne({ upstream, counts }: Target, name: string, act: () => Promise<unknown>): Promise<void> {
  const of = counts.get(name) ?? { operations: 0, requests: 0 };
  counts.set(name, of);
  const before = countServed(upstream);
  await act();
  of.operations += 1;
  of.requests += countServed(upstream) - before;
}

/** Each round connects, reads and disconnects. The first is not counted: a front learns by it what its upstream knows. */
async function countRound(target: Target, isWarmUp: boolean): Promise<void> {
  const { upstream, ask, counts } = target;
  const connect = async (asker: Asker): Promise<void> => {
    const { authorization } = startedSchema.parse(await ask(asker, CONNECT)).connect;
    await upstream.visit(authorization.authorizeUrl);
  };
  await connect("member");
  await connect("ada");
  for (const [name, asker, query] of READS) {
    // A plain service knows no users, so that a server cannot name one.
    if (Object.values(await ask(asker, query)).includes(null)) continue;
    for (let index = 0; index < READS_PER_ROUND; index += 1) await countOne(target, name, () => ask(asker, query));
  }
  for (let index = 0; index < CHANGES_PER_ROUND; index += 1) {
    await countOne(target, "disconnect", () => ask("ada", `mutation { disconnect(${WHERE}) { id } }`));
    await countOne(target, "connect", () => ask("ada", CONNECT));
    await connect("ada");
  }
  if (isWarmUp) counts.clear();
}

async function report(title: string, upstream: Upstream, users: "relayed" | "ours"): Promise<void> {
  const target = await startTarget(upstream, users);
  for (let round = 0; round <= ROUNDS; round += 1) await countRound(target, round === 0);
  console.log(`\n${title}`.padEnd(40) + "requests");
  for (const [name, { requests, operations }] of target.counts)
    console.log(name.padEnd(39) + (requests / operations).toFixed(1).padStart(8));
  await target.front.stop();
}

prepare();
const second = await startSecondGateway();
// Fronts go by the time of the day.
second.clock.advance(Date.now() - second.clock.now());
const { provider } = second;
const { clientId, clientSecret } = provider.client;
const connectors = [{ slug: "test", name: "Test", scopes: ["read"] }];
const client = { url: provider.url, clientId, clientSecret: clientSecret ?? "" };
const startPlain = async (saysWho: boolean) => {
  const fake = await startFakeXkit({ connectors, provider: client, now: Date.now, dialect: plainService({ saysWho }) });
  return { ...fake, visit: async (link: string) => fetch(await provider.authorize(link)) };
};
const [ours, saying, silent] = [
  { ...second, visit: (link: string) => visit(second, link) },
  await startPlain(true),
  await startPlain(false),
];
await report("before a gateway, relayed", ours, "relayed");
await report("before a gateway, users of its own", ours, "ours");
await report("before a plain Xkit, relayed", saying, "relayed");
await report("before a plain Xkit, users of its own", silent, "ours");
await Promise.all([second.close(), saying.close(), silent.close()]);
