/** The part of the gateway's contract that the measured query needs, for the GraphQL peers. */
import { findToken } from "./store.ts";

export const typeDefs = /* GraphQL */ `
  input ConnectionWhere {
    slug: ID
    id: ID
  }
  type Query {
    connectionToken(where: ConnectionWhere!, minimumTtl: Int, rejected: String): String
  }
`;

export interface Context {
  userId: string;
}

interface TokenArguments {
  where: { slug?: string | null };
}

export const resolvers = {
  Query: {
    connectionToken: (_root: unknown, { where }: TokenArguments, { userId }: Context): string | null => findToken(userId, where.slug ?? ""),
  },
};
