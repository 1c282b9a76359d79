/**
 * `npm run bench:start`: how long a start takes until the first answered query, what a process holds in memory, and what it has loaded.
 * Of the Node that runs it: `<node> node_modules/tsx/dist/cli.mjs bench/start.ts` measures another one.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { COMMAND, type GatewayOptions, startGateway } from "./gateway.ts";
import { startLoader } from "./loader.ts";
import { loadOf } from "./targets.ts";
import { prepare } from "./prepare.ts";

const STARTS = 6;
const TOKENS = 100_000;
const SECONDS_PER_STEP = 2;
/** As the files in deploy/ set it. */
const AS_DEPLOYED = { MALLOC_TRIM_THRESHOLD_: "131072", MALLOC_MMAP_THRESHOLD_: "65536" };
/** How many of the loaded packages and rooms are listed. */
const LISTED = 15;

prepare();
rmSync(join("dist/gateway", ".compiled"), { recursive: true, force: true });
console.log(`Node ${process.version}`);
const [first = "", ...next] = await inOrder(STARTS, measureStart);
console.log(`first answered query: ${first} at the first start, then ${next.join(", ")}`);
console.log(`memory after ${TOKENS} tokens: ${(await measureMemory({})).toFixed(0)} MB`);
console.log(`with the environment of deploy/: ${(await measureMemory({ env: AS_DEPLOYED })).toFixed(0)} MB`);
console.log("loaded by a start on SQLite:");
for (const [name, { files, bytes }] of listLoaded())
  console.log(`${(bytes / 1024).toFixed(0).padStart(6)} KiB ${String(files).padStart(4)} files  ${name}`);

async function inOrder<Value>(count: number, make: () => Promise<Value>): Promise<Value[]> {
  const values: Value[] = [];
  for (let index = 0; index < count; index += 1) values.push(await make());
  return values;
}

/** Milliseconds until the first answer, and those of CPU, which count on a machine that is not idle. */
async function measureStart(): Promise<string> {
  let startedAt = 0;
  const gateway = await startGateway({ onStart: () => (startedAt = performance.now()) });
  const query = { method: "POST", headers: { "content-type": "application/json" }, body: '{"query":"{ platform { name } }"}' };
  await (await fetch(`${gateway.url}/graphql`, query)).text();
  const [ms, cpuMs] = [performance.now() - startedAt, gateway.cpuMicroseconds() / 1_000];
  await gateway.stop();
  return `${ms.toFixed(0)} ms (CPU ${cpuMs.toFixed(0)})`;
}

/** Megabytes of a process that has given so many tokens, and has nothing to do for a second. */
async function measureMemory(options: GatewayOptions): Promise<number> {
  const gateway = await startGateway(options);
  const loader = await startLoader();
  const load = { ...loadOf(gateway.port, `Bearer ${gateway.bearer}`), seconds: SECONDS_PER_STEP };
  for (let answers = 0; answers < TOKENS;) answers += (await loader.run(load)).answers;
  await delay(1_000);
  const megabytes = gateway.residentMegabytes();
  await loader.stop();
  await gateway.stop();
  return megabytes;
}

/** What the files hold that `start` imports statically, and what the vault on SQLite imports besides: packages and rooms, the largest first. */
function listLoaded(): [name: string, size: { files: number; bytes: number }][] {
  const folder = join(COMMAND, "..");
  const schema = z.record(z.string(), z.record(z.string(), z.number()));
  const modules = schema.parse(JSON.parse(readFileSync(join(folder, "command-line/modules.json"), "utf8")));
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    const text = readFileSync(join(folder, file), "utf8");
    for (const [, path = ""] of text.matchAll(/^import .*?"(\.\/[^"]+)";$/gm)) load(join(file, "..", path));
  };
  load("command-line.js");
  for (const file of Object.keys(modules)) if (/command-line\/(?:main|sqlite)-[\w-]+\.js$/.test(file)) load(file);
  const sizes = new Map<string, { files: number; bytes: number }>();
  for (const file of loaded)
    for (const [source, bytes] of Object.entries(modules[file] ?? {})) {
      const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? source.split("/").slice(0, 2).join("/");
      const size = sizes.get(name) ?? { files: 0, bytes: 0 };
      sizes.set(name, { files: size.files + 1, bytes: size.bytes + bytes });
    }
  return [...sizes].toSorted(([, a], [, b]) => b.bytes - a.bytes).slice(0, LISTED);
}
