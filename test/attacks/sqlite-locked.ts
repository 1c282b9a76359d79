/**
 * Another process holds SQLite's write lock while 20 requests that write and 20 that only read arrive. Prints when they were answered.
 * Run: `npx tsx test/attacks/sqlite-locked.ts [seconds] [folder of another checkout]`
 */
import { randomUUID } from "node:crypto";
import { join, resolve } from "node:path";
import Libsql from "libsql";
import { startAttackedGateway } from "./gateway-process.ts";

const REQUESTS = 20;
const [seconds = "45", checkout = "."] = process.argv.slice(2);
const lockedMs = Number(seconds) * 1_000;

const gateway = await startAttackedGateway(resolve(checkout));
const provision = (id: string) => gateway.ask(`mutation { provisionUser(input: { id: "${id}" }) { user { id } } }`);
const known = Array.from({ length: REQUESTS }, () => randomUUID());
await Promise.all(known.map(provision));

const locker = new Libsql(join(gateway.directory, ".data", "xkit.db"));
locker.exec("begin immediate");
const startedAt = performance.now();
const answers: { kind: string; tookMs: number; outcome: string }[] = [];
const timed = async (kind: string, asking: Promise<string>) => {
  const outcome = await asking;
  answers.push({ kind, tookMs: Math.round(performance.now() - startedAt), outcome });
};
const all = [
  ...Array.from({ length: REQUESTS }, () => timed("write", provision(randomUUID()))),
  ...known.map((id) => timed("read", gateway.ask(`{ user(id: "${id}") { connections { id } } }`))),
];
await Promise.race([Promise.all(all), new Promise((done) => void setTimeout(done, lockedMs))]);
for (const kind of ["write", "read"]) {
  const ofKind = answers.filter((answer) => answer.kind === kind);
  const times = ofKind.map(({ tookMs }) => tookMs);
  const outcomes = {};
  for (const { outcome } of ofKind) Object.assign(outcomes, { [outcome]: ofKind.filter((other) => other.outcome === outcome).length });
  console.log({ kind, unanswered: REQUESTS - ofKind.length, firstMs: Math.min(...times), lastMs: Math.max(...times), outcomes });
}
locker.exec("rollback");
locker.close();
await gateway.stop();
process.exit();
