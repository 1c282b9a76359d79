/** An OAuth provider that takes `BENCH_PROVIDER_MS` for each token, and takes every grant. */
import { randomUUID } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import { host, port, ready } from "./ready.ts";

const latencyMs = Number(process.env["BENCH_PROVIDER_MS"]);
const lifetimeSeconds = Number(process.env["BENCH_TOKEN_SECONDS"]);

function answer(response: ServerResponse, value: object): void {
  const json = JSON.stringify(value);
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(json) }).end(json);
}

const issue = () => ({
  access_token: `access-${randomUUID()}`,
  refresh_token: `refresh-${randomUUID()}`,
  token_type: "bearer",
  expires_in: lifetimeSeconds,
});

const server = createServer((request, response) => {
  request.resume();
  if (request.url === "/userinfo") return answer(response, { sub: "1" });
  setTimeout(() => answer(response, issue()), latencyMs);
});
server.keepAliveTimeout = 60_000;
server.listen(port, host, () => ready());
