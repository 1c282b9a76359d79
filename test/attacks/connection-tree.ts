/**
 * A signed-in user makes many unfinished connections of a connector that supports one, then asks for connections within connections.
 * Prints how many there are, how long the event loop stood still, and the most memory that the process took.
 * Run: `npx tsx test/attacks/connection-tree.ts`
 */
import { randomUUID } from "node:crypto";
import { startTestApp } from "../support/test-app.ts";

const CONNECTS = 100;
const QUERY = "{ connections { connector { connections { connector { connections { connector { name } } } } } } }";
const WATCH_MS = 50;

const test = await startTestApp({ connector: { supports_multiple_connections: process.argv.includes("several") } });
const ada = await test.signIn("ada");
for (let count = 0; count < CONNECTS; count += 1)
  await ada.graphql(`mutation ($id: ID) { connect(slug: "test", id: $id) { id } }`, { id: randomUUID() });
const { connections } = (await ada.graphql("{ connections { id } }")).data;

let longestMs = 0;
let lastAt = performance.now();
const watch = setInterval(() => {
  longestMs = Math.max(longestMs, performance.now() - lastAt);
  lastAt = performance.now();
}, WATCH_MS);
const startedAt = performance.now();
const { status, errors } = await ada.graphql(QUERY);
const tookMs = performance.now() - startedAt;
await new Promise((resolve) => void setTimeout(resolve, 2 * WATCH_MS));
clearInterval(watch);

console.log({
  connections: connections.length,
  status,
  code: errors[0]?.extensions.code,
  message: errors[0]?.message,
  tookMs: Math.round(tookMs),
  loopBlockedMs: Math.round(longestMs),
  peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
});
await test.close();
