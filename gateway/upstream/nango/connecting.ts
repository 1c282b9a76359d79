import { createHash, randomUUID } from "node:crypto";
import { badUserInput, GatewayError, notFound } from "../../../schema/errors.ts";
import type { Connection, Connector, Owner, Viewer, ViewerConnections } from "../../../schema/upstream.ts";
import { createSecret } from "../../store/sealing.ts";
import type { Attempt } from "./attempts.ts";
import type { CatalogEntry } from "./catalog.ts";
import { ID_CHARACTERS, listAll as listEverywhere } from "./connections.ts";
import { choose, listAll, type OwnerDependencies, type Shown } from "./owner-connections.ts";
import { responses } from "./response-schemas.ts";
import { showAttempt, showStarted } from "./shown.ts";
import { connectionFilter, isOwnedBy, MAXIMUM_TAGS, sessionTags } from "./tags.ts";

/** How long Nango's page can be used, in milliseconds: where its answer does not say. */
const SESSION_LIFETIME_MS = 30 * 60_000;

type StartOptions = Parameters<ViewerConnections["start"]>[1];

/**
 * Starts connecting on a page of Nango's. Its address is all that is needed to connect there: it is bound to the owner, and to no browser.
 * Throws NOT_FOUND, and BAD_USER_INPUT for an id that is taken.
 */
export async function start(
  dependencies: OwnerDependencies,
  { owner, viewer }: { owner: Owner; viewer: Viewer },
  slug: string,
  { id }: StartOptions,
): Promise<Connection> {
  const { catalog, clock, attempts } = dependencies;
  const entry = await catalog.getEntry(slug);
  const target = await findTarget(dependencies, owner, viewer, entry.connector, id);
  const authorizationId = randomUUID();
  const session = await openSession(dependencies, owner, viewer, entry, { ...target, authorizationId });
  const attempt: Attempt = {
    authorizationId,
    connectionId: target.connectionId,
    owner,
    userId: viewer.userId,
    slug,
    startedAt: clock.now(),
    expiresAt: session.expiresAt ?? clock.now() + SESSION_LIFETIME_MS,
  };
  await attempts.add(attempt);
  const connection = target.shown?.connection ?? showAttempt(attempt, entry.connector, viewer.userId);
  // Clients of the contract expect a state, though there is nothing to hand in.
  return { ...connection, authorization: { ...showStarted(attempt), authorizeUrl: session.link, state: createSecret() } };
}

/** What is connected: the id, and what there is under it. */
interface Target {
  connectionId: string;
  shown: Shown | null;
}

/** Without an id the one that exists, the healthiest first, else a new one. Of a connector that supports one, always that one. */
async function findTarget(
  dependencies: OwnerDependencies,
  owner: Owner,
  { userId }: Viewer,
  { slug, supportsMultipleConnections }: Connector,
  id: string | null,
): Promise<Target> {
  const all = await listAll(dependencies, { owner, reader: userId });
  const shown = choose(all, id === null || !supportsMultipleConnections ? { slug } : { id });
  const isOther = shown ? shown.connection.connector.slug !== slug : id !== null && (await isTaken(dependencies, owner, id));
  if (isOther) throw badUserInput("id: is already in use: give a new UUID, or the id of your own connection of this connector.", "id");
  return { connectionId: shown?.connection.id ?? (supportsMultipleConnections ? id : null) ?? firstIdOf(owner, slug), shown };
}

/** Of an owner's first connection of a connector: one that was disconnected is connected again under the same id. */
const firstIdOf = ({ kind, id }: Owner, slug: string): string =>
  createHash("sha256")
    .update(JSON.stringify([kind, id, slug]))
    .digest("base64url")
    .slice(0, ID_CHARACTERS);

async function isTaken({ client, attempts }: OwnerDependencies, owner: Owner, id: string): Promise<boolean> {
  if (await attempts.isTaken(id, owner)) return true;
  return (await listEverywhere(client, connectionFilter(id))).some(({ tags }) => !isOwnedBy(owner, tags));
}

async function openSession(
  { client }: OwnerDependencies,
  owner: Owner,
  viewer: Viewer,
  { connector: { name }, integration }: CatalogEntry,
  { connectionId, shown, authorizationId }: Target & { authorizationId: string },
): Promise<{ link: string; expiresAt: number | null }> {
  const held = shown?.held ?? null;
  const tags = sessionTags(owner, viewer, { connectionId, authorizationId }, held?.tags ?? null);
  if (Object.keys(tags).length > MAXIMUM_TAGS)
    throw new GatewayError(
      "CONNECTOR_MISCONFIGURED",
      `${name} cannot be connected again: Nango allows ${MAXIMUM_TAGS} tags, including those of the gateway.`,
    );
  const { body, refusal } = await client.ask(
    held
      ? {
          method: "POST",
          path: ["connect", "sessions", "reconnect"],
          body: { connection_id: held.nangoId, integration_id: integration, tags },
        }
      : { method: "POST", path: ["connect", "sessions"], body: { allowed_integrations: [integration], tags } },
    responses.session,
  );
  if (body) return { link: body.data.connect_link, expiresAt: body.data.expires_at ?? null };
  if (refusal.code === "resource_capped")
    throw new GatewayError("CONNECTOR_MISCONFIGURED", `${name} cannot be connected: Nango's plan allows no more connections.`);
  throw notFound(`${name} or the connection was removed from Nango: start again.`);
}
