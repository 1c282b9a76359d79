import { z } from "zod";
import type { Refresher } from "./refresh.ts";
import { connectionIdSchema, keySchema, tagsSchema } from "./sessions.ts";
import { findConnection, findIntegration, type HeldConnection, removeConnection, type State } from "./state.ts";
import { type Answer, failure, invalid, listedConnection, shownCredentials, singleConnection } from "./wire.ts";

/** Without `limit` this many are listed. */
const DEFAULT_LIMIT = 10_000;

const listQuery = z.strictObject({
  connectionId: z.string().min(1).max(255).optional(),
  search: z.string().min(1).max(255).optional(),
  endUserId: z.string().min(1).max(255).optional(),
  endUserOrganizationId: z.string().min(1).max(255).optional(),
  integrationId: z.string().min(1).optional(),
  tags: tagsSchema.optional(),
  limit: z.coerce.number().min(1).max(2_000).optional(),
  page: z.coerce.number().min(0).optional(),
});

/** `GET /connections`: the newest first, page after page from 0, without a total. */
export function listConnections(state: State, search: URLSearchParams, isShown: (held: HeldConnection) => boolean): Answer {
  const parsed = listQuery.safeParse(queryOf(search));
  if (!parsed.success) return invalid("invalid_query_params", parsed.error);
  const { connectionId, endUserId, endUserOrganizationId, integrationId, tags = {}, limit = DEFAULT_LIMIT, page = 0 } = parsed.data;
  const keys = integrationId?.split(",").map((key) => key.trim());
  const found = state.connections
    .filter(isShown)
    .filter((held) => connectionId === undefined || held.connectionId === connectionId)
    .filter((held) => endUserId === undefined || held.endUser?.id === endUserId)
    .filter((held) => endUserOrganizationId === undefined || held.endUser?.organization?.id === endUserOrganizationId)
    .filter((held) => keys === undefined || keys.includes(held.providerConfigKey))
    .filter((held) => Object.entries(tags).every(([key, value]) => held.tags[key] === value))
    .toSorted((a, b) => b.createdAt - a.createdAt || b.id - a.id);
  const shown = found.slice(page * limit, (page + 1) * limit);
  return { status: 200, body: { connections: shown.map((held) => listedConnection(state, held)) } };
}

/** A query string as qs reads it, deep objects included: `tags[a]=b`. */
function queryOf(search: URLSearchParams): Record<string, unknown> {
  const query: Record<string, unknown> = {};
  const tags: Record<string, string> = {};
  for (const [name, value] of search) {
    const key = /^tags\[(.+)\]$/.exec(name)?.[1];
    if (key === undefined) query[name] = value;
    else tags[key] = value;
  }
  return Object.keys(tags).length > 0 ? { ...query, tags } : query;
}

const flag = z.enum(["true", "false"]).optional();
const singleQuery = z.strictObject({
  provider_config_key: keySchema,
  force_refresh: flag,
  refresh_token: flag,
  refresh_github_app_jwt_token: flag,
});

/** What a key may do beside listing. */
export interface KeyScope {
  readsCredentials: boolean;
}

/** `GET /connections/{connectionId}` */
export async function getConnection(
  state: State,
  refresher: Refresher,
  { readsCredentials }: KeyScope,
  id: string,
  search: URLSearchParams,
): Promise<Answer> {
  const query = singleQuery.safeParse(queryOf(search));
  if (!query.success) return invalid("invalid_query_params", query.error);
  const connectionId = connectionIdSchema.safeParse(id);
  if (!connectionId.success) return invalid("invalid_uri_params", connectionId.error);
  const isForced = query.data.force_refresh === "true";
  if (!readsCredentials && (isForced || query.data.refresh_token === "true"))
    return failure(403, "forbidden", "Credential and refresh options require the environment:connections:read_credentials scope");
  const held = findConnection(state, id, query.data.provider_config_key);
  const missing = missingAnswer(state, held, query.data.provider_config_key);
  if (!held || missing) return missing ?? failure(500, "server_error");
  if (!readsCredentials) return { status: 200, body: singleConnection(state, held, {}) };
  const problem = await refresher.ensureFresh(held, isForced);
  if (problem) {
    const payload = { connection: singleConnection(state, held, {}) };
    return failure(problem.status, "invalid_credentials", problem.message, { payload });
  }
  return { status: 200, body: singleConnection(state, held, shownCredentials(held.credentials)) };
}

function missingAnswer(state: State, held: HeldConnection | undefined, key: string): Answer | null {
  if (!findIntegration(state, key)) return failure(400, "unknown_provider_config", "Provider does not exists");
  return held ? null : failure(404, "not_found", "Failed to find connection");
}

const keyQuery = z.strictObject({ provider_config_key: keySchema });

/** `DELETE /connections/{connectionId}`. The grant stays at the provider, and no webhook tells of it. */
export function deleteConnection(state: State, id: string, search: URLSearchParams): Answer {
  const query = keyQuery.safeParse(queryOf(search));
  if (!query.success) return invalid("invalid_query_params", query.error);
  const held = findConnection(state, id, query.data.provider_config_key);
  if (!held) return failure(400, "unknown_connection", "No connection matching the provided params");
  removeConnection(state, held);
  return { status: 200, body: { success: true } };
}
