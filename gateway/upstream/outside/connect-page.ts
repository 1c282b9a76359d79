import { badUserInput, noSuchConnector, notFound } from "../../../schema/errors.ts";
import {
  type Authorization,
  type Catalog,
  type Connection,
  type ConnectionWhere,
  type OwnerConnections,
  ownerOfViewer,
  type Viewer,
} from "../../../schema/upstream.ts";
import { fingerprintOf } from "../../vault/sealed-columns.ts";
import type { ConnectsElsewhere, ConnectsHere } from "./adapter.ts";
import { createAuthorization } from "./answers.ts";

/**
 * Connecting where the adapter has a page elsewhere for it. Nothing is stored: the id of what was started says which connection is
 * waited for, and which grant it had, so that a new one is told from it.
 */
export function connectElsewhere(
  connections: OwnerConnections & ConnectsElsewhere,
  viewer: Viewer,
  catalog: Pick<Catalog, "findConnector">,
): ConnectsHere {
  return {
    async start(slug, { id, ...asked }) {
      const connector = await catalog.findConnector(slug);
      if (!connector) throw noSuchConnector(slug);
      const named = await connections.find(id !== null && connector.supportsMultipleConnections ? { id } : { slug });
      if (named && named.connector.slug !== slug) throw badUserInput("id: is already in use by another connection: use a new UUID.", "id");
      const where = named ? { id: named.id } : { slug };
      const startedId = serializeStarted({ where, grant: grantOf(named ?? (await connections.find({ slug }))) });
      const page = await connections.connectPage(connector, { ...asked, connection: named });
      const connection: Connection = named ?? {
        id: startedId,
        owner: ownerOfViewer(viewer),
        enabled: false,
        connector,
        authorization: null,
        createdAt: null,
        updatedAt: null,
      };
      return { ...connection, authorization: { ...awaiting(startedId, connection.id), authorizeUrl: assertPage(page) } };
    },

    submit: () => Promise.reject(notFound("There are no fields to submit here: users connect on another page.")),

    async findAuthorization(id) {
      const started = parseStarted(id);
      if (!started) return (await connections.list(null)).find(({ authorization }) => authorization?.id === id)?.authorization ?? null;
      const connection = await connections.find(started.where);
      const grant = grantOf(connection);
      const isConnected = grant !== NO_GRANT && grant !== started.grant;
      return isConnected && connection?.authorization ? { ...connection.authorization, id } : awaiting(id, connection?.id ?? id);
    },
  };
}

/** What was started: the connection that is waited for, and its grant at that time. */
interface Started {
  where: ConnectionWhere;
  grant: string;
}

const NO_GRANT = "none";
const startedId = /^page\.([\w-]{22}|none)\.(id|slug)\.(.+)$/s;

const serializeStarted = ({ where, grant }: Started): string =>
  `page.${grant}.${where.slug === undefined ? `id.${where.id}` : `slug.${where.slug}`}`;

function parseStarted(id: string): Started | null {
  const [, grant, kind, name] = startedId.exec(id) ?? [];
  if (grant === undefined || name === undefined) return null;
  return { where: kind === "id" ? { id: name } : { slug: name }, grant };
}

/** Names a grant that works. A refresh does not change it. */
function grantOf(connection: Connection | null): string {
  const { enabled, authorization } = connection ?? { enabled: false, authorization: null };
  if (!enabled || authorization?.status !== "active" || authorization.health === "reconnect_required") return NO_GRANT;
  return fingerprintOf(JSON.stringify([connection?.id, authorization.id, authorization.connectedAt]));
}

const awaiting = (id: string, connectionId: string): Authorization =>
  createAuthorization({ id, connectionId, status: "awaiting_callback" });

/** Throws `TypeError`: a browser is sent to it. */
function assertPage(page: string): string {
  const protocol = URL.parse(page)?.protocol;
  if (protocol !== "https:" && protocol !== "http:") throw new TypeError("connectPage must return an http or https URL.");
  return page;
}
