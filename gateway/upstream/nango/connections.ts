import { createHash } from "node:crypto";
import { z } from "zod";
import { GatewayError } from "../../../schema/errors.ts";
import { idSchema } from "../../../schema/input.ts";
import type { Owner } from "../../../schema/upstream.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { responses, type ListedConnection } from "./response-schemas.ts";
import { bodyOf, type NangoClient, type Refusal } from "./client.ts";
import { type HeldToken, isToken, parseCredentials } from "./credentials.ts";
import { type Kept, withoutSecrets } from "./kept.ts";
import { isOwnedBy, ownerFilter, startedUnder, type Tags } from "./tags.ts";

/** Connections asked for at once, and pages at most: of one owner. What a platform has noted on each counts towards an answer's limit. */
const PAGE_SIZE = 100;
const MAXIMUM_PAGES = 50;

/** Of a hash that is an id. */
export const ID_CHARACTERS = 22;

/** What names a connection at Nango. */
export interface NangoName {
  nangoId: string;
  integration: string;
}

/** A connection as Nango holds it. */
export interface NangoConnection extends NangoName {
  /** Under which it is known here. */
  id: string;
  /** Older ones under the same id: of two windows that have both finished, the later one counts. */
  replaced: NangoName[];
  /** Of the last time that it was connected; its own id where that was not here. */
  authorizationId: string;
  tags: Tags;
  /** What the platform's own programs have noted on it. */
  metadata: Kept;
  createdAt: Date;
  /** Whether Nango's last refresh failed. It does not say why. */
  hasFailed: boolean;
}

/** Why Nango gives no credentials. */
export type CredentialsFailure =
  /** It tries no more: only connecting again helps. */
  | { reason: "exhausted" }
  /** A refresh has failed just now. Nango does not say why, and tries again after a while. */
  | { reason: "refresh_failed" }
  | { reason: "gone" }
  | { reason: "unknown_integration" }
  /** There is no token among them. `type` is theirs. */
  | { reason: "no_token"; type: string };

/** `config`: what Nango itself keeps of the account, without the credentials. */
export type CredentialsReading = { token: HeldToken; config: Kept; failure: null } | { token: null; failure: CredentialsFailure };

interface Dependencies {
  client: NangoClient;
  clock: Pick<Clock, "now">;
  log: Pick<Log, "warn">;
}

/** The owner's connections, the newest first; of those under one id the newest alone. What is another's is left out. */
export async function listConnections({ client }: Pick<Dependencies, "client">, owner: Owner): Promise<readonly NangoConnection[]> {
  return toConnections((await listAll(client, ownerFilter(owner))).filter(({ tags }) => isOwnedBy(owner, tags)));
}

/** All that a filter finds, of any owner, the newest first. */
export async function listAll(client: NangoClient, filter: Record<string, string>): Promise<ListedConnection[]> {
  const found: ListedConnection[] = [];
  for (let page = 0; page < MAXIMUM_PAGES; page += 1) {
    const query = { ...filter, limit: String(PAGE_SIZE), page: String(page) };
    const { entries, count } = bodyOf(await client.ask({ method: "GET", path: ["connections"], query }, responses.connections));
    found.push(...entries);
    if (count < PAGE_SIZE) break;
  }
  return found;
}

function toConnections(listed: readonly ListedConnection[]): NangoConnection[] {
  const byId = new Map<string, ListedConnection[]>();
  for (const entry of listed.toSorted((a, b) => b.created - a.created)) byId.set(idOf(entry), [...(byId.get(idOf(entry)) ?? []), entry]);
  return [...byId].flatMap(([id, [newest, ...others]]) => (newest ? [toConnection(id, newest, others)] : []));
}

const toConnection = (id: string, newest: ListedConnection, others: readonly ListedConnection[]): NangoConnection => ({
  id,
  nangoId: newest.connection_id,
  integration: newest.provider_config_key,
  replaced: others.map((other) => ({ nangoId: other.connection_id, integration: other.provider_config_key })),
  authorizationId: startedUnder(newest.tags).authorizationId ?? id,
  tags: newest.tags,
  metadata: newest.metadata,
  createdAt: new Date(newest.created),
  hasFailed: newest.errors.some(({ type }) => type === "auth"),
});

/** An id of Nango's own is unique. One that another program chose is unique within its integration alone, and may hold any character. */
function idOf({ connection_id: nangoId, provider_config_key: integration, tags }: ListedConnection): string {
  const started = idSchema.safeParse(startedUnder(tags).connectionId);
  if (started.success) return started.data;
  if (z.uuid().safeParse(nangoId).success) return nangoId;
  return createHash("sha256")
    .update(JSON.stringify([integration, nangoId]))
    .digest("base64url")
    .slice(0, ID_CHARACTERS);
}

/** Reads a connection's credentials. Nango refreshes them where less than a quarter of an hour is left, or where it is told to. */
export async function readCredentials(
  { client, clock, log }: Dependencies,
  owner: Owner,
  { nangoId, integration }: NangoName,
  isForced: boolean,
): Promise<CredentialsReading> {
  const askedAt = clock.now();
  const query = { provider_config_key: integration, ...(isForced && { force_refresh: "true" }) };
  const { body, refusal } = await client.ask({ method: "GET", path: ["connections", nangoId], query }, responses.connection);
  if (refusal) return failed(failureOf(refusal));
  if (body.connection_id !== nangoId || body.provider_config_key !== integration || !isOwnedBy(owner, body.tags)) {
    log.warn({}, "nango answered with another connection than the requested one");
    return failed({ reason: "gone" });
  }
  const parsed = parseCredentials(body.credentials, isForced ? askedAt : (body.updated_at ?? null));
  return isToken(parsed)
    ? { token: parsed, config: withoutSecrets(body.connection_config, body.credentials), failure: null }
    : failed({ reason: "no_token", type: parsed.type });
}

const failed = (failure: CredentialsFailure): CredentialsReading => ({ token: null, failure });

/** The status decides; the sentence only tells the limit from the pause after a failure. */
function failureOf({ code, status, hint }: Refusal): CredentialsFailure {
  if (code === "not_found" || code === "unknown_connection") return { reason: "gone" };
  if (code === "unknown_provider_config") return { reason: "unknown_integration" };
  return { reason: code === "invalid_credentials" && status === 424 && /limit/i.test(hint) ? "exhausted" : "refresh_failed" };
}

/** Ends a connection at Nango, and what it has replaced. What is not there is ended. */
export async function deleteConnection({ client }: Pick<Dependencies, "client">, connection: NangoConnection): Promise<void> {
  for (const { nangoId, integration } of [connection, ...connection.replaced]) {
    const request = { method: "DELETE", path: ["connections", nangoId], query: { provider_config_key: integration } } as const;
    const { refusal } = await client.ask(request, responses.success);
    if (refusal && failureOf(refusal).reason === "refresh_failed")
      throw new GatewayError("UPSTREAM_UNAVAILABLE", "Nango did not delete the connection.");
  }
}
