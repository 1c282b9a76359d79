/** `xkit-gateway start --workers`: several processes on one port, over SQLite and over Postgres. */
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { BAD_CREDENTIAL_LIMIT } from "../gateway/http/rate-limits.ts";
import { createTestDatabase, databaseKinds, type TestDatabase } from "./support/databases.ts";
import { PATIENCE } from "./support/patience.ts";
import { keptConnection, startWorkers, type Workers } from "./support/workers.ts";

const COUNT = 3;
/** So that a lease of a worker that was killed lapses soon. */
const PROVIDER_TIMEOUT_MS = 1_000;
const ADDRESS = "203.0.113.7";

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const range = (count: number): number[] => Array.from({ length: count }, (_each, index) => index);

describe.each(databaseKinds)("workers over %s", (kind) => {
  let database: TestDatabase;
  let workers: Workers;
  beforeAll(async () => {
    database = await createTestDatabase(kind);
    workers = await startWorkers(COUNT, {
      DATABASE_URL: database.url,
      XKIT_PROVIDER_TIMEOUT_MS: String(PROVIDER_TIMEOUT_MS),
      XKIT_TRUSTED_PROXY_HOPS: "1",
    });
  });
  afterAll(async () => {
    await workers.close();
    await database.drop();
  });

  const counted = async (name: string): Promise<number> => {
    const line = (await workers.metrics()).split("\n").find((each) => each.startsWith(name));
    return Number(line?.slice(name.length));
  };

  it("each serve as many connections", async () => {
    const agents = range(2 * COUNT).map(keptConnection);
    const numbers = await Promise.all(agents.map(workers.workerOf));
    for (const agent of agents) agent.destroy();
    expect(numbers.toSorted()).toEqual([1, 1, 2, 2, 3, 3]);
    expect(new Set(workers.pids().values()).size).toBe(COUNT);
  });

  it("count one limit", async () => {
    const startedAt = performance.now();
    const headers = { authorization: "Bearer x.y.z", "x-forwarded-for": ADDRESS };
    const ask = async () => (await workers.send("/api/platform_user/connections", { headers })).status;
    const statuses: number[] = [];
    for (let round = 0; round < 2; round += 1)
      for (let batch = 0; batch < BAD_CREDENTIAL_LIMIT.count / 30; batch += 1) statuses.push(...(await Promise.all(range(30).map(ask))));
    const drained = (performance.now() - startedAt) / ((BAD_CREDENTIAL_LIMIT.seconds * 1_000) / BAD_CREDENTIAL_LIMIT.count);
    const refused = statuses.filter((status) => status === 401).length;
    expect(statuses.filter((status) => status !== 401 && status !== 429)).toEqual([]);
    expect(refused).toBeGreaterThanOrEqual(BAD_CREDENTIAL_LIMIT.count);
    expect(refused).toBeLessThanOrEqual(BAD_CREDENTIAL_LIMIT.count + Math.ceil(drained));
  });

  it("add their metrics up, and a worker that is killed does not make a total fall", async () => {
    const name = 'xkit_request_seconds_count{method="GET",part="healthz",status="200"} ';
    for (const _each of range(4 * COUNT)) await workers.send("/healthz");
    expect(await counted(name)).toBe(4 * COUNT);
    await workers.replace(1);
    expect(await counted(name)).toBe(4 * COUNT);
    for (const _each of range(COUNT)) await workers.send("/healthz");
    const text = await workers.metrics();
    expect(text).toContain(`${name}${5 * COUNT}\n`);
    expect(text).toContain(`\nxkit_workers ${COUNT}\n`);
    expect(text).toContain("\nxkit_workers_replaced_total 1\n");
    expect(text.split("\n").filter((line) => line.startsWith("# TYPE xkit_request_seconds "))).toHaveLength(1);
  });

  it("are degraded for as long as one is missing", async () => {
    const readiness = async () => JSON.parse((await workers.send("/readyz")).body);
    expect(await readiness()).toEqual({ status: "ready" });
    const pid = workers.pids().get(2) ?? 0;
    process.kill(pid, "SIGKILL");
    await vi.waitUntil(() => workers.logged().some((line) => line.pid === pid && line["signal"] === "SIGKILL"), PATIENCE);
    expect(await readiness()).toEqual({ status: "degraded", reason: expect.stringContaining(`2 of ${COUNT} workers serve`) });
    await vi.waitUntil(async () => (await readiness()).status === "ready", PATIENCE);
  });

  it("lose no request of another worker when one is killed under load", async () => {
    const agents = range(4 * COUNT).map(keptConnection);
    const numbers = await Promise.all(agents.map(workers.workerOf));
    let isOver = false;
    const outcomes = agents.map(async (agent, index) => {
      const failures: unknown[] = [];
      let answered = 0;
      while (!isOver) {
        const { data } = await workers
          .graphql(`{ accessToken(where: { slug: "test" }) { ... on AccessToken { value } } }`, agent)
          .catch((error: unknown) => (failures.push(error), { data: {} }));
        if (data["accessToken"]?.["value"]) answered += 1;
      }
      return { worker: numbers[index], failures: failures.length, answered };
    });
    await workers.replace(3);
    isOver = true;
    const ended = await Promise.all(outcomes);
    for (const agent of agents) agent.destroy();
    expect(ended.filter(({ worker, failures }) => worker !== 3 && failures > 0)).toEqual([]);
    // Each of the killed worker's connections broke once, and its client went on with another worker.
    expect(ended.filter(({ worker, failures, answered }) => worker === 3 && (failures > 1 || answered === 0))).toEqual([]);
  });

  it("take over a refresh that a killed worker held", async () => {
    const agent = keptConnection();
    const number = await workers.workerOf(agent);
    const fingerprint = '{ accessToken(where: { slug: "test" }) { ... on AccessToken { fingerprint } } }';
    const before = (await workers.graphql(fingerprint)).data["accessToken"]?.["fingerprint"] ?? "?";
    const refresh = `{ accessToken(where: { slug: "test" }, rejected: "${before}") { __typename ... on AccessToken { value } } }`;
    const hold = workers.provider.controls.hold();
    const broken = workers.graphql(refresh, agent).catch((error: unknown) => error);
    await hold.arrived(1);
    await workers.replace(number);
    expect(await broken).toBeInstanceOf(Error);
    hold.release();
    const refreshed = await vi.waitUntil(async () => (await workers.graphql(refresh)).data["accessToken"]?.["value"], PATIENCE);
    expect(workers.provider.liveAccessTokens()).toContain(refreshed);
  });

  it("answer a client that has ended its side, and cut one that sends half a request", async () => {
    const half = connect(workers.port, "127.0.0.1").end("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(await text(half)).toContain('{"status":"alive"}');
  });

  it("answer what runs when SIGTERM comes, to all of them and to the primary, and exit with 0", async () => {
    const pids = [...workers.pids().values()];
    const agents = range(COUNT).map(keptConnection);
    await Promise.all(agents.map(workers.workerOf));
    const sockets = agents.map(() => connect(workers.port, "127.0.0.1"));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    for (const pid of pids) process.kill(pid, "SIGTERM");
    workers.gateway.child.kill("SIGTERM");
    const answers = sockets.map((socket) => text(socket.end("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")));
    for (const answer of await Promise.all(answers)) expect(answer).toContain("200 OK");
    expect(await workers.gateway.ended).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);
  });
});

describe("workers whose primary is killed", () => {
  it("answer what runs, serve no more, and end", async () => {
    const workers = await startWorkers(2, {});
    const pids = [...workers.pids().values()];
    const agent = keptConnection();
    await workers.workerOf(agent);
    const hold = workers.provider.controls.hold();
    const { data } = await workers.graphql('{ accessToken(where: { slug: "test" }) { ... on AccessToken { fingerprint } } }');
    const rejected = data["accessToken"]?.["fingerprint"] ?? "?";
    const running = workers.graphql(`{ connectionToken(where: { slug: "test" }, rejected: "${rejected}") }`, agent);
    await hold.arrived(1);
    workers.gateway.child.kill("SIGKILL");
    await once(workers.gateway.child, "exit");
    await expect(workers.send("/healthz")).rejects.toThrow("ECONNREFUSED");
    hold.release();
    expect((await running).data["connectionToken"]).toBe(workers.provider.liveAccessTokens().at(-1));
    await workers.gateway.ended;
    expect(pids.filter(isRunning)).toEqual([]);
    await delay(0);
    await workers.close();
  });
});
