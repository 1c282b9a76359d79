/** Answers to a certain question: one about something else is no answer. */
import type { z } from "zod";
import type { Connection, ConnectionWhere, Owner } from "../../../schema/upstream.ts";
import type { Expected } from "./answer.ts";
import { answers, type AbsentConnectionAnswer, type ConnectionAnswer } from "./response-schemas.ts";

/** A schema refined for each question would be compiled for each. */
const about = <Body>(schema: z.ZodType<Body>, isAsked: (body: Body) => boolean): Expected<Body> => ({ schema, isAsked });

/** Where it is not stated whose a connection is, it is the owner's that was asked about. */
export const isOwnedBy = (owner: Owner, { owner: stated }: Pick<ConnectionAnswer, "owner">): boolean =>
  !stated || (stated.kind === owner.kind && stated.external_id === owner.id);

const isAt = (where: ConnectionWhere, { id, connector }: { id: string; connector: { slug: string } }): boolean =>
  where.slug === undefined ? id === where.id : connector.slug === where.slug;

const isOf = (where: ConnectionWhere, owner: Owner, connection: ConnectionAnswer | AbsentConnectionAnswer): boolean =>
  connection.id == null
    ? where.slug === undefined || connection.connector.slug === where.slug
    : isAt(where, connection) && isOwnedBy(owner, connection);

/** The healthiest of a list that a question names, which comes first. */
export const pickListed = (listed: readonly Connection[], where: ConnectionWhere): Connection | null =>
  listed.find((connection) => isAt(where, connection)) ?? null;

export const asked = {
  connector: (slug: string) => about(answers.connector, ({ connector }) => connector.slug === slug),
  connection: (where: ConnectionWhere) => about(answers.connection, ({ connection }) => isAt(where, connection)),
  userConnection: (where: ConnectionWhere) => about(answers.userConnection, ({ connection }) => isAt(where, connection)),
  /** To a server. */
  connectionOf: (owner: Owner, where: ConnectionWhere) =>
    about(answers.connectionOrNone, ({ connection }) => isOf(where, owner, connection)),
  /** `slug` is null where it is not known which connector's it is. */
  authorization: (slug: string | null, id: string | null) =>
    about(answers.authorization, ({ authorization }) => {
      const stated = authorization.authorizer?.prototype?.slug ?? slug;
      return (id === null || authorization.id === id) && (slug === null || stated === slug);
    }),
  user: (id: string) => about(answers.user, ({ user }) => user.external_id === id),
  provisionedUser: (id: string) => about(answers.provisionedUser, ({ user }) => !user || user.external_id === id),
  refreshedConnection: (id: string) => about(answers.refreshedConnection, ({ connection }) => connection.id === id),
  movedUser: (id: string) => about(answers.movedUser, ({ user }) => user.external_id === id),
  deletedUser: (id: string) => about(answers.deletedUser, ({ external_id }) => external_id === id),
  imports: (count: number) => about(answers.imports, ({ results }) => results.length === count),
  revokedSessions: (id: string) => about(answers.revokedSessions, ({ user }) => user.external_id === id),
  group: (id: string) => about(answers.group, ({ group }) => group.external_id === id),
};
