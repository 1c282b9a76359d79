/** The least that can stand before the upstream that `BENCH_UPSTREAM` names: node:http and undici, which pass everything on. */
import { createServer } from "node:http";
import { Pool } from "undici";
import { host, port, ready } from "./ready.ts";

const UPSTREAM_CONNECTIONS = 128;

const pool = new Pool(process.env["BENCH_UPSTREAM"] ?? "", { connections: UPSTREAM_CONNECTIONS });
const server = createServer((incoming, outgoing) => {
  const { host: _host, connection: _connection, ...headers } = incoming.headers;
  const options = { method: "POST", path: incoming.url ?? "/", headers, body: incoming } as const;
  void pool.stream(options, ({ statusCode, headers: answered }) => outgoing.writeHead(statusCode, answered));
});
server.listen(port, host, () => ready());
