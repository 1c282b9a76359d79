/** mercurius on fastify, with graphql-jit from the first request of a query on. */
import { fastify } from "fastify";
import mercurius from "mercurius";
import { host, port, ready } from "./ready.ts";
import { resolvers, typeDefs } from "./schema.ts";
import { authenticate } from "./store.ts";

declare module "mercurius" {
  interface MercuriusContext {
    userId: string;
  }
}

const app = fastify();
await app.register(mercurius, {
  schema: typeDefs,
  resolvers,
  jit: 1,
  context: async ({ headers }) => ({ userId: await authenticate(headers.authorization) }),
});
await app.listen({ port, host });
ready();
