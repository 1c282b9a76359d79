/**
 * SQLite's file is replaced by a copy of itself while a gateway writes to it, Prints what the first still took.
 * Run: `npx tsx test/attacks/sqlite-replaced.ts [folder of another checkout]`
 */
import { randomUUID } from "node:crypto";
import { renameSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import Libsql from "libsql";
import { startAttackedGateway } from "./gateway-process.ts";

const WATCH_MS = 3_000;

const gateway = await startAttackedGateway(resolve(process.argv[2] ?? "."));
const path = join(gateway.directory, ".data", "xkit.db");
const provision = () => gateway.ask(`mutation { provisionUser(input: { id: "${randomUUID()}" }) { user { id } } }`);

const outcomes: Record<string, number> = {};
const replaced = new AbortController();
const over = new AbortController();
const writing = (async () => {
  while (!over.signal.aborted) {
    const wasReplaced = replaced.signal.aborted;
    const outcome = await provision();
    if (wasReplaced) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
})();
await delay(500);
const file = new Libsql(path);
file.prepare("vacuum into ?").run(`${path}.copy`);
file.close();
renameSync(`${path}.copy`, path);
replaced.abort();
await delay(WATCH_MS);
over.abort();
await writing;
const ready = await fetch(`${gateway.url}/readyz`);
console.log({
  answersAfterReplacement: outcomes,
  ready: ready.status,
  says: await ready.text(),
  log: gateway
    .log()
    .split("\n")
    .filter((line) => line.startsWith("{")),
});
await gateway.stop();
process.exit();
