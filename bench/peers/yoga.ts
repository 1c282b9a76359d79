/** graphql-yoga on node:http, with its own caches of parsed and validated documents. */
import { createServer } from "node:http";
import { createSchema, createYoga } from "graphql-yoga";
import { host, port, ready } from "./ready.ts";
import { type Context, resolvers, typeDefs } from "./schema.ts";
import { authenticate } from "./store.ts";

const yoga = createYoga({
  schema: createSchema<Context>({ typeDefs, resolvers }),
  logging: false,
  graphiql: false,
  context: async ({ request }) => ({ userId: await authenticate(request.headers.get("authorization") ?? undefined) }),
});
createServer(yoga).listen(port, host, () => ready());
