import { isTemporary } from "../../../schema/errors.ts";
import { notConnected, temporarilyUnavailable } from "../../../schema/outcomes.ts";
import type { AccessTokenOutcome, Connection, ConnectionWhere, Owner, OwnerConnections, TokenRequest } from "../../../schema/upstream.ts";
import { withTimeout } from "../../runtime/with-timeout.ts";
import type { Attempts } from "./attempts.ts";
import type { CatalogEntry, NangoCatalog } from "./catalog.ts";
import { listConnections, type NangoConnection } from "./connections.ts";
import type { OwnerMemory } from "./memory.ts";
import { readToken, type ReadTokenDependencies } from "./read-token.ts";
import { byHealth, showAttempt, showHeld } from "./shown.ts";

/** How long a list of connections is believed where a token is asked for, in milliseconds. */
const LIST_KEPT_MS = 30_000;
/** When to ask again where Nango does not say, in seconds. */
const RETRY_SECONDS = 2;

export interface OwnerDependencies extends ReadTokenDependencies {
  catalog: NangoCatalog;
  attempts: Attempts;
  memoryOf: (owner: Owner) => OwnerMemory;
  publicUrl: string;
  /** Longest a request for a token waits, in milliseconds. */
  requestDeadlineMs: number;
}

/** An owner's connections, and who looks at them. */
export interface OwnerView {
  owner: Owner;
  /** The user who looks; null for a server. */
  reader: string | null;
}

/** A connection as it is shown, beside what Nango has of it. */
export interface Shown {
  connection: Connection;
  /** Null while it is not finished. */
  held: NangoConnection | null;
}

/** One that Nango has. */
interface ShownHeld extends Shown {
  held: NangoConnection;
  entry: CatalogEntry;
}

/** The connections of an owner. */
export const connectionsOf = (dependencies: OwnerDependencies, view: OwnerView): OwnerConnections => ({
  find: async (where) => choose(await listAll(dependencies, view), where)?.connection ?? null,
  list: async (slug) => {
    const connections = (await listAll(dependencies, view)).map(({ connection }) => connection);
    return connections.filter(({ connector }) => slug === null || connector.slug === slug);
  },
  accessToken: (where, request) => accessToken(dependencies, view, where, request),
});

export const choose = <Each extends Shown>(all: readonly Each[], where: ConnectionWhere): Each | null =>
  all.find(({ connection: { id, connector } }) => (where.slug === undefined ? id === where.id : connector.slug === where.slug)) ?? null;

/** All connections, those included that are not finished; the healthiest first. */
export async function listAll(dependencies: OwnerDependencies, { owner, reader }: OwnerView): Promise<Shown[]> {
  const [held, started, entries] = await Promise.all([
    listHeld(dependencies, owner, () => false),
    dependencies.attempts.list(owner),
    dependencies.catalog.entries(),
  ]);
  const ids = new Set(held.map(({ connection }) => connection.id));
  const unfinished = started.flatMap((attempt): Shown[] => {
    const connector = entries.map((entry) => entry.connector).find(({ slug }) => slug === attempt.slug);
    if (!connector || ids.has(attempt.connectionId)) return [];
    ids.add(attempt.connectionId);
    return [{ connection: showAttempt(attempt, connector, reader), held: null }];
  });
  return [...held, ...unfinished].toSorted((a, b) => byHealth(a.connection, b.connection));
}

/** What Nango holds of connectors in the catalog; the healthiest first. `isGood`: whether what was read before is good enough. */
async function listHeld(
  dependencies: OwnerDependencies,
  owner: Owner,
  isGood: (shown: ShownHeld[], ageMs: number) => boolean,
): Promise<ShownHeld[]> {
  const { client, catalog, memoryOf } = dependencies;
  const [memory, entries] = [memoryOf(owner), await catalog.entries()];
  const held = await memory.connections.get(
    (kept, ageMs) => isGood(show(memory, entries, owner, kept), ageMs),
    () => listConnections({ client }, owner),
  );
  memory.retain(held);
  return show(memory, entries, owner, held);
}

function show(memory: OwnerMemory, entries: readonly CatalogEntry[], owner: Owner, held: readonly NangoConnection[]): ShownHeld[] {
  const shown = held.flatMap((each) => {
    const entry = entries.find(({ integration }) => integration === each.integration);
    return entry ? [{ held: each, entry, connection: showHeld(owner, each, entry, memory.of(each)) }] : [];
  });
  return shown.toSorted((a, b) => byHealth(a.connection, b.connection));
}

/** The outcome within the deadline. What goes on behind it is there for the next who asks. */
async function accessToken(
  dependencies: OwnerDependencies,
  view: OwnerView,
  where: ConnectionWhere,
  request: TokenRequest,
): Promise<AccessTokenOutcome> {
  const name = where.slug ?? "This connection";
  try {
    const outcome = await withTimeout(resolve(dependencies, view, where, request), dependencies.requestDeadlineMs);
    return outcome ?? temporarilyUnavailable(name, RETRY_SECONDS, "Nango did not answer in time");
  } catch (error) {
    if (!isTemporary(error)) throw error;
    return temporarilyUnavailable(name, error.facts.retryAfter ?? RETRY_SECONDS, "Nango returned no token");
  }
}

async function resolve(
  dependencies: OwnerDependencies,
  { owner, reader }: OwnerView,
  where: ConnectionWhere,
  request: TokenRequest,
): Promise<AccessTokenOutcome> {
  const shown = await findHeld(dependencies, owner, where);
  if (!shown) return absent(dependencies, where);
  const memory = dependencies.memoryOf(owner);
  const { held, entry, connection } = shown;
  const outcome = await readToken(dependencies, { owner, held, connection, memory: memory.of(held), request });
  // Nango no longer has what it listed.
  if (outcome.type === "NotConnected") memory.connections.outdate();
  if (outcome.type !== "AccessToken") return outcome;
  // What was read with it may tell more of the account.
  const told = showHeld(owner, held, entry, memory.of(held));
  return { ...outcome, connection: told, ...(reader !== null && { fields: null }) };
}

/** From what was listed lately, if it is there. While Nango is away, from what was listed last. */
async function findHeld(dependencies: OwnerDependencies, owner: Owner, where: ConnectionWhere): Promise<ShownHeld | null> {
  const isKnown = (shown: ShownHeld[], ageMs: number): boolean => ageMs < LIST_KEPT_MS && choose(shown, where) !== null;
  try {
    return choose(await listHeld(dependencies, owner, isKnown), where);
  } catch (error) {
    const memory = dependencies.memoryOf(owner);
    const last = isTemporary(error) ? memory.connections.last() : null;
    const known = last && choose(show(memory, await dependencies.catalog.entries(), owner, last), where);
    if (known) return known;
    throw error;
  }
}

/** Throws NOT_FOUND for a connector that the catalog does not have. */
async function absent({ catalog, publicUrl }: OwnerDependencies, where: ConnectionWhere): Promise<AccessTokenOutcome> {
  if (where.slug === undefined) return notConnected("This connection", `${publicUrl}/`);
  const { name, connectorUrl } = (await catalog.getEntry(where.slug)).connector;
  return notConnected(name, connectorUrl);
}
