/** Apollo Server with its own standalone server. */
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { host, port, ready } from "./ready.ts";
import { type Context, resolvers, typeDefs } from "./schema.ts";
import { authenticate } from "./store.ts";

const server = new ApolloServer<Context>({ typeDefs, resolvers });
await startStandaloneServer(server, {
  listen: { port, host },
  context: async ({ req }) => ({ userId: await authenticate(req.headers.authorization) }),
});
ready();
