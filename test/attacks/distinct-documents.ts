/** Anonymous clients send distinct documents of 250 kB for 20 s: prints the memory of the built gateway. `npx tsx test/attacks/distinct-documents.ts` */
import { startGateway } from "../../bench/gateway.ts";

const DURATION_MS = 20_000;
const CONCURRENCY = 8;
const PADDING = "x".repeat(250_000);

const gateway = await startGateway();
const report = (when: string) => console.log(`${when}: ${gateway.residentMegabytes().toFixed(0)} MB`);
report("before");
const endsAt = performance.now() + DURATION_MS;
const statuses = new Map<number, number>();
let sent = 0;

async function attack(): Promise<void> {
  while (performance.now() < endsAt) {
    sent += 1;
    const body = JSON.stringify({ query: `#ж${sent}${PADDING}\n{platform{nam}}` });
    const response = await fetch(`http://localhost:${gateway.port}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    await response.arrayBuffer();
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
  }
}

await Promise.all(Array.from({ length: CONCURRENCY }, attack));
report(`after ${sent} documents, answered ${[...statuses].map(([status, count]) => `${status} ${count} times`).join(", ")}`);
await gateway.stop();
