/** What `token.ts` measures against: a one-field hello-world of plain graphql-yoga. Prints its port. */
import { createServer } from "node:http";
import { createSchema, createYoga } from "graphql-yoga";

const schema = createSchema({ typeDefs: "type Query { hello: String! }", resolvers: { Query: { hello: () => "world" } } });
const server = createServer(createYoga({ schema, logging: false }));
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address && typeof address === "object") process.send?.({ port: address.port });
});
