/** Hive Gateway as a proxy of the upstream that `BENCH_UPSTREAM` names. */
import { createServer } from "node:http";
import { createGatewayRuntime } from "@graphql-hive/gateway-runtime";
import { host, port, ready } from "./ready.ts";
import { typeDefs } from "./schema.ts";

const gateway = createGatewayRuntime({
  proxy: { endpoint: `${process.env["BENCH_UPSTREAM"]}/graphql` },
  schema: typeDefs,
  logging: false,
  graphiql: false,
  propagateHeaders: { fromClientToSubgraphs: ({ request }) => ({ authorization: request.headers.get("authorization") ?? "" }) },
});
createServer(gateway).listen(port, host, () => ready());
