/** A fresh `connectionToken` over HTTP beside a one-field hello-world of plain graphql-yoga; cold start; memory after 10,000 queries. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { z } from "zod";
import { CONNECTOR, startBenchGateway } from "./gateway.ts";
import { measureThroughput } from "./load.ts";

const ROUNDS = 15;
const REQUESTS_PER_ROUND = 4_000;
const CONCURRENCY = 16;
const MEMORY_QUERIES = 10_000;

const isHello = (answer: string) => answer === '{"data":{"hello":"world"}}';
const isToken = (answer: string) => /^\{"data":\{"connectionToken":"[^"]+"\}\}$/.test(answer);

const first = await startBenchGateway();
await first.stop();
const ours = await startBenchGateway();
console.log(`cold start to the first answered query: ${first.coldStartMs.toFixed(0)} ms, again: ${ours.coldStartMs.toFixed(0)} ms`);

const query = `query Token { connectionToken(where: { slug: "${CONNECTOR}" }) }`;
const ourLoad = {
  port: ours.port,
  body: JSON.stringify({ query }),
  headers: { authorization: `Bearer ${ours.bearer}` },
  requests: REQUESTS_PER_ROUND,
  concurrency: CONCURRENCY,
};
await measureThroughput({ ...ourLoad, requests: MEMORY_QUERIES }, isToken);
console.log(`resident memory after ${MEMORY_QUERIES} queries: ${ours.residentMegabytes().toFixed(0)} MB\n`);

const hello = fork(new URL("hello.ts", import.meta.url));
const [message] = await once(hello, "message");
const { port } = z.object({ port: z.number() }).parse(message);
const helloLoad = { port, body: JSON.stringify({ query: "{ hello }" }), requests: REQUESTS_PER_ROUND, concurrency: CONCURRENCY };
await measureThroughput({ ...helloLoad, requests: MEMORY_QUERIES }, isHello);

console.log("round  hello-world req/s  connectionToken req/s  ratio");
const ratios: number[] = [];
for (let round = 1; round <= ROUNDS; round += 1) {
  const plain = await measureThroughput(helloLoad, isHello);
  const token = await measureThroughput(ourLoad, isToken);
  ratios.push(token / plain);
  console.log(
    `${round}      ${plain.toFixed(0).padStart(17)}  ${token.toFixed(0).padStart(21)}  ${(token / plain).toFixed(2).padStart(5)}`,
  );
}
console.log(`median ratio ${(ratios.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0).toFixed(2)}`);
hello.kill();
await ours.stop();
