import { z } from "zod";
import { grantRevocationWord, importStatusWord, movedConnectionWord } from "../upstream/xkit/wire-enums.ts";
import {
  bearer,
  page,
  wireAuthorization,
  wireConnection,
  wireConnector,
  wireContext,
  wireGroup,
  wireOwner,
  wirePlatform,
  wireCatalogConnector,
  wireRefresh,
  wireServerConnection,
  wireSingleConnection,
  wireUser,
  wireViewer,
} from "./wire.ts";

const wireSlug = z.string().meta({ description: "The connector's slug." });

const wireImport = z
  .object({
    status: importStatusWord,
    import_id: z.string().nullable(),
    owner: wireOwner.nullable(),
    connector: wireSlug.nullable(),
    connection_id: z.string().nullable().meta({ description: "The connection in this gateway; null if there is none, as in a dry run." }),
    messages: z.array(z.string()).meta({ description: "One sentence for each reason why it was not imported." }),
  })
  .meta({ id: "Import" });

/** The envelopes of every 2xx body, by name. */
export const wireAnswers = {
  platform: z.object({ platform: wirePlatform }),
  publicConnectors: z.object({ connectors: z.array(wireCatalogConnector) }),
  publicConnector: z.object({ connector: wireCatalogConnector }),
  connectors: z.object({ connectors: z.array(wireConnector) }),
  connector: z.object({ connector: wireConnector }),
  connections: z.object({ connections: z.array(wireConnection) }),
  /** A GET of one. */
  singleConnection: z.object({ connection: wireSingleConnection }),
  /** A user's GET of one; `viewer` where it was asked for. */
  userConnection: z.object({ connection: wireSingleConnection, viewer: wireViewer.optional() }),
  /** A server's GET of one by slug. */
  serverConnection: z.object({ connection: wireServerConnection }),
  /** POST and DELETE. */
  connection: z.object({ connection: wireConnection }),
  refreshedConnection: z.object({ connection: wireConnection, refresh: wireRefresh }),
  authorization: z.object({ authorization: wireAuthorization }),
  /** POST /sessions and /sessions/token: a session token. */
  sessionToken: z.object(bearer),
  ott: z.object({ ott: z.string() }),
  /** GET /session. */
  session: z.object({ session: z.object({ user: wireUser }) }),
  /** POST /users: a user token. */
  provisionedUser: z.object({ ...bearer, user: wireUser }),
  provisionedContext: z.object({ ...bearer, context: wireContext }),
  user: z.object({ user: wireUser }),
  movedUser: z.object({
    user: wireUser,
    previous_group_id: z.string().nullable(),
    connections: z.array(z.object({ status: movedConnectionWord, connection: wireConnection })),
  }),
  revokedSessions: z.object({ user: wireUser, count: z.int().meta({ description: "Number of sessions that were ended." }) }),
  deletedUser: z.object({
    external_id: z.string(),
    connections: z
      .array(z.object({ id: z.string(), connector: wireSlug, revocation: grantRevocationWord }))
      .meta({ description: "The user's own connections, which were deleted, with the result of revoking each grant." }),
    group_connections: z
      .array(z.object({ id: z.string(), connector: wireSlug, external_group_id: z.string() }))
      .meta({ description: "Connections that the user made for groups. They are kept, without the user's name." }),
  }),
  imports: z.object({ results: z.array(wireImport) }),
  group: z.object({ group: wireGroup }),
  users: z.object({ users: z.array(wireUser), ...page }),
  groups: z.object({ groups: z.array(wireGroup), ...page }),
  connectionsPage: z.object({ connections: z.array(wireConnection), ...page }),
  context: z.object({ context: wireContext }),
};
