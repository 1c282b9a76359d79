/** `xkit-gateway start --workers`: several processes on one port, over SQLite and over Postgres. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { BAD_CREDENTIAL_LIMIT } from "../gateway/http/rate-limits.ts";
import { MAXIMUM_SUBSCRIPTIONS_PER_USER } from "../gateway/runtime/subscription-limit.ts";
import { systemClock } from "../gateway/runtime/clock.ts";
import { cliOf, demoOf } from "./support/build.ts";
import { createTestDatabase, databaseKinds, type TestDatabase } from "./support/databases.ts";
import { casesOf } from "./support/long.ts";
import { PATIENCE } from "./support/patience.ts";
import { type ProcessOptions, startProcess } from "./support/process.ts";
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

describe.each(casesOf(databaseKinds, (kind) => kind === "sqlite"))("workers over %s", (kind) => {
  let database: TestDatabase;
  let workers: Workers;
  beforeAll(async () => {
    database = await createTestDatabase(kind);
    workers = await startWorkers(COUNT, {
      DATABASE_URL: database.url,
      XKIT_PROVIDER_TIMEOUT_MS: String(PROVIDER_TIMEOUT_MS),
      XKIT_TRUSTED_PROXY_HOPS: "1",
      XKIT_DRAIN_SECONDS: "2",
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
    expect(numbers.toSorted((a, b) => a - b)).toEqual([1, 1, 2, 2, 3, 3]);
    expect(new Set(workers.pids().values()).size).toBe(COUNT);
  });

  it("have one user sign in, start to connect and come back, each in another one", () => {
    const pages = ["/sign-in", "/connect/test", "/callback/test"];
    const lines = pages.map((page) => workers.logged().find(({ path }) => path === page));
    expect(lines.map((line) => line?.["status"])).toEqual([303, 303, 200]);
    expect(new Set(lines.map((line) => line?.worker)).size).toBe(COUNT);
  });

  it("count what a user has open in all of them", async () => {
    const open = async () => {
      const stream = await workers.subscribe("subscription { connectionChanged { id } }");
      return stream.status === 200 ? stream : (stream.close(), null);
    };
    const opened = await Promise.all(range(MAXIMUM_SUBSCRIPTIONS_PER_USER).map(open));
    expect(opened).not.toContain(null);
    for (const _each of range(COUNT)) expect(await open()).toBeNull();
    // What was open in a worker that is killed counts no more.
    await workers.replace(2);
    opened.push(await open());
    expect(opened.at(-1)).not.toBeNull();
    for (const stream of opened) stream?.close();
  });

  it("tell the subscribers of each of a change in one", async () => {
    const opened = await Promise.all(range(COUNT).map(() => workers.subscribe("subscription { connectionChanged { enabled } }")));
    await workers.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    await Promise.all(opened.map(({ received }) => received('"enabled":false')));
    await workers.connect();
    const told = await Promise.all(opened.map(({ received }) => received('"enabled":true')));
    expect(told).toHaveLength(COUNT);
    for (const { close } of opened) close();
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
    expect(text).toMatch(/\nxkit_workers_replaced_total [1-9]\n/);
    expect(text.split("\n").filter((line) => line.startsWith("# TYPE xkit_request_seconds "))).toHaveLength(1);
  });

  it("are degraded for as long as one is missing", async () => {
    const readiness = async () => JSON.parse((await workers.send("/readyz")).body);
    expect(await readiness()).toEqual({ status: "ready" });
    const pid = workers.pids().get(2) ?? 0;
    process.kill(pid, "SIGKILL");
    await vi.waitUntil(() => workers.logged().some((line) => line.pid === pid && line["signal"] === "SIGKILL"), PATIENCE);
    expect(await readiness()).toEqual({ status: "degraded", reason: expect.stringContaining(`2 of ${COUNT} workers are running`) });
    await vi.waitUntil(async () => (await readiness()).status === "ready", PATIENCE);
  });

  it("lose no request of another worker when one is killed under load", async () => {
    const agents = range(4 * COUNT).map(keptConnection);
    const numbers = await Promise.all(agents.map(workers.workerOf));
    const over = new AbortController();
    const outcomes = agents.map(async (agent, index) => {
      let [failed, answered] = [0, 0];
      while (!over.signal.aborted) {
        const answer = await workers.graphql(`{ connectionToken(where: { slug: "test" }) }`, agent).catch(() => null);
        if (answer?.data["connectionToken"]) answered += 1;
        else failed += 1;
      }
      return { worker: numbers[index], failed, answered };
    });
    await workers.replace(3);
    over.abort();
    const ended = await Promise.all(outcomes);
    for (const agent of agents) agent.destroy();
    expect(ended.filter(({ worker, failed }) => worker !== 3 && failed > 0)).toEqual([]);
    // Each of the killed worker's connections broke once, and its client went on with another worker.
    expect(ended.filter(({ worker, failed, answered }) => worker === 3 && (failed > 1 || answered === 0))).toEqual([]);
  });

  it("answer what a worker had not taken when it was killed", async () => {
    const pid = workers.pids().get(1) ?? 0;
    process.kill(pid, "SIGSTOP");
    const answers = range(2 * COUNT).map(() => workers.send("/healthz"));
    const [answered] = await Promise.all([Promise.race(answers), workers.replace(1)]);
    expect(answered.status).toBe(200);
    expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([200]));
  });

  it("take over a refresh that a killed worker held", async () => {
    const agent = keptConnection();
    const number = await workers.workerOf(agent);
    const { tokenRequests, controls } = workers.provider;
    const ask = async (rejected: string) => {
      const query = `{ accessToken(where: { slug: "test" }${rejected}) { ... on AccessToken { value fingerprint expiresAt } } }`;
      return (await workers.graphql(query)).data["accessToken"];
    };
    const first = await ask("");
    controls.next({ answer: { expires_in: 1 } }, "hang");
    const short = await ask(`, rejected: "${first?.["fingerprint"]}"`);
    await systemClock.until(Date.parse(short?.["expiresAt"] ?? ""));
    const before = tokenRequests.length;
    const refresh = `{ accessToken(where: { slug: "test" }) { ... on AccessToken { value } } }`;
    const broken = workers.graphql(refresh, agent).catch((error: unknown) => error);
    await vi.waitUntil(() => tokenRequests.length > before, PATIENCE);
    await workers.replace(number);
    expect(await broken).toBeInstanceOf(Error);
    const refreshed = await vi.waitUntil(async () => (await ask(""))?.["value"], PATIENCE);
    expect(workers.provider.liveAccessTokens()).toContain(refreshed);
    expect(tokenRequests).toHaveLength(before + 2);
  });

  it("answer a client that has ended its side", async () => {
    const half = connect(workers.port, "127.0.0.1").end("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(await text(half)).toContain('{"status":"alive"}');
  });

  it("serve on for the drain when SIGTERM comes, to all of them and to the primary, and exit with 0", async () => {
    const pids = [...workers.pids().values()];
    for (const pid of pids) process.kill(pid, "SIGTERM");
    workers.gateway.child.kill("SIGTERM");
    const statuses = async (path: string) => {
      const answers = await Promise.all(range(COUNT).map(() => workers.send(path)));
      return answers.map(({ status }) => status);
    };
    await vi.waitUntil(async () => (await statuses("/readyz")).every((status) => status === 503), PATIENCE);
    expect(await statuses("/healthz")).toEqual(range(COUNT).map(() => 200));
    expect(await workers.gateway.ended).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);
    expect(workers.logged().filter(({ level }) => level === "error")).toHaveLength(6);
  });
});

describe("workers whose primary is killed", () => {
  it("answer what runs, serve no more, and end", async () => {
    const workers = await startWorkers(2, {});
    const agent = keptConnection();
    await workers.workerOf(agent);
    const hold = workers.provider.controls.hold();
    const { data } = await workers.graphql(`{ accessToken(where: { slug: "test" }) { ... on AccessToken { fingerprint } } }`);
    const rejected = data["accessToken"]?.["fingerprint"] ?? "?";
    const running = workers.graphql(
      `{ accessToken(where: { slug: "test" }, rejected: "${rejected}") { ... on AccessToken { value } } }`,
      agent,
    );
    await hold.arrived(1);
    workers.gateway.child.kill("SIGKILL");
    await once(workers.gateway.child, "exit");
    await expect(workers.send("/healthz")).rejects.toThrow("ECONNREFUSED");
    hold.release();
    expect((await running).data["accessToken"]?.["value"]).toBe(workers.provider.liveAccessTokens().at(-1));
    // Not before every worker has closed its output.
    await workers.gateway.ended;
    await workers.close();
  });
});

describe("a gateway of several workers that cannot start", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "xkit-workers-"));
    writeFileSync(join(folder, "xkit.config.json"), JSON.stringify({ platform: { name: "Acme" } }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function run(args: string[], env: Record<string, string>, options?: ProcessOptions) {
    const started = startProcess(args, { PORT: "0", ...env }, folder, options);
    return { code: await started.ended, stderr: started.stderr() };
  }
  const NO_FILE = { XKIT_CONFIG: "", XKIT_WORKERS: "2" };

  it.each([
    [
      "a number that is none",
      ["--workers", "many"],
      {},
      2,
      "--workers must be a whole number from 1 to 64.\nAll commands: xkit-gateway --help\n",
    ],
    ["too many", ["--workers", "65"], {}, 2, "--workers must be a whole number from 1 to 64.\nAll commands: xkit-gateway --help\n"],
    ["a variable out of bounds", [], { XKIT_WORKERS: "0" }, 2, "The configuration has a problem:\n  - XKIT_WORKERS must be at least 1\n"],
  ])("tells of %s", async (_name, args, env, code, stderr) => {
    expect(await run(["start", ...args], env)).toEqual({ code, stderr });
  });

  it("prints a worker's own reason, once, and ends with its code", async () => {
    const { code, stderr } = await run(["start", "--workers", "3"], { DATABASE_URL: "postgres://x:y@127.0.0.1:1/none" });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The gateway could not start\. The database server cannot be reached: .+\n$/);
  });

  it("says that the port is taken, once its workers have stopped", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const { code, stderr } = await run(["start", "--workers", "2"], { PORT: String(port) });
    expect({ code, stderr }).toEqual({ code: 1, stderr: `Port ${port} is already in use: set PORT to a free port.\n` });
    taken.close();
  });

  it("says that no worker serves where each one ends, while a connection waits for one", async () => {
    const [worker, cli] = [join(folder, "worker.mjs"), join(folder, "cli.mjs")];
    // Ends with each connection that it is handed.
    writeFileSync(
      worker,
      `process.on("disconnect", () => process.exit());
      process.on("message", ({ type }) => {
        if (type === "start") process.send({ type: "ready" });
        if (type === "connection") process.exit(9);
        if (type === "finish") process.exit(0);
      });`,
    );
    const commandLine = pathToFileURL(join(dirname(cliOf(inject("gatewayBuild"))), "command-line.js")).href;
    writeFileSync(
      cli,
      `import { runCommandLine } from ${JSON.stringify(commandLine)};
      await runCommandLine(["start", "--workers", "2"], { file: ${JSON.stringify(worker)} });`,
    );
    const gateway = startProcess([], { PORT: "0", LOG_LEVEL: "info" }, folder, { cli });
    const port = Number(await gateway.printed(/"url":"[^"]+:(\d+)"/));
    const client = connect(port, "127.0.0.1").on("error", () => {});
    expect([await gateway.ended, gateway.stderr()]).toEqual([1, expect.stringContaining("No worker is running: ")]);
    client.destroy();
  });

  it("says that the demo runs in one process", async () => {
    rmSync(join(folder, "xkit.config.json"));
    expect(await run(["start"], NO_FILE, { cli: demoOf(inject("gatewayBuild")) })).toEqual({
      code: 2,
      stderr: expect.stringContaining("needs a configuration file (XKIT_CONFIG, else xkit.config.json): the demo runs in one process"),
    });
  });

  it("starts no worker by hand", async () => {
    expect(await run(["worker", "1"], {})).toEqual({ code: 2, stderr: expect.stringContaining("The gateway starts its workers itself") });
  });
});
