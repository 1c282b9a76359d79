import type { ServerResponse } from "node:http";
import { z } from "zod";
import { sendJson } from "../server-io.ts";
import type { Credentials, EndUser, HeldConnection, Integration, State } from "./state.ts";

/** An answer of the API. */
export interface Answer {
  status: number;
  body: object;
  headers?: Record<string, string>;
}

export const failure = (status: number, code: string, message?: string, facts: object = {}): Answer => ({
  status,
  body: { error: { code, ...(message !== undefined && { message }), ...facts } },
});

/** What a query, a path or a body that does not parse is answered with. */
export const invalid = (code: "invalid_query_params" | "invalid_uri_params" | "invalid_body", { issues }: z.ZodError): Answer => ({
  status: 400,
  body: { error: { code, errors: issues.map((issue) => ({ code: issue.code, message: issue.message, path: issue.path })) } },
});

export const send = (response: ServerResponse, { status, body, headers }: Answer): void => sendJson(response, status, body, headers ?? {});

export const instant = (at: number): string => new Date(at).toISOString();

/** The instants of a single connection have an offset. */
const offsetInstant = (at: number): string => instant(at).replace("Z", "+00:00");

export const integrationOnWire = ({ uniqueKey, provider, displayName }: Integration, at: number): object => ({
  unique_key: uniqueKey,
  provider,
  display_name: displayName,
  logo: `https://app.nango.dev/images/template-logos/${provider}.svg`,
  forward_webhooks: true,
  created_at: instant(at),
  updated_at: instant(at),
});

const endUserOnWire = (endUser: EndUser | null): object | null =>
  endUser && {
    id: endUser.id,
    display_name: endUser.displayName,
    email: endUser.email,
    tags: null,
    organization: endUser.organization && { id: endUser.organization.id, display_name: endUser.organization.displayName },
  };

const errorsOf = ({ hasAuthError, id }: HeldConnection): object[] => (hasAuthError ? [{ type: "auth", log_id: `log-${id}` }] : []);

const providerOf = ({ integrations }: State, key: string): string =>
  integrations.find(({ uniqueKey }) => uniqueKey === key)?.provider ?? "unknown";

/** One entry of the list, which never has credentials. */
export const listedConnection = (state: State, held: HeldConnection): object => ({
  id: held.id,
  connection_id: held.connectionId,
  provider_config_key: held.providerConfigKey,
  provider: providerOf(state, held.providerConfigKey),
  created: instant(held.createdAt),
  metadata: held.metadata,
  tags: held.tags,
  errors: errorsOf(held),
  end_user: endUserOnWire(held.endUser),
});

/** A connection by itself. */
export const singleConnection = (state: State, held: HeldConnection, credentials: object): object => ({
  id: held.id,
  connection_id: held.connectionId,
  provider_config_key: held.providerConfigKey,
  provider: providerOf(state, held.providerConfigKey),
  errors: errorsOf(held),
  end_user: endUserOnWire(held.endUser),
  tags: held.tags,
  metadata: held.metadata,
  connection_config: held.connectionConfig,
  webhook_url_override: null,
  created_at: offsetInstant(held.createdAt),
  updated_at: offsetInstant(held.updatedAt),
  last_fetched_at: held.lastFetchedAt === null ? null : offsetInstant(held.lastFetchedAt),
  credentials,
});

/** Credentials as they are answered: a refresh token is left out everywhere, also of what the provider said. */
export function shownCredentials(credentials: Credentials): object {
  const { refresh_token: _refreshToken, raw, ...shown } = credentials;
  const { refresh_token: _rawRefreshToken, ...shownRaw } = z.record(z.string(), z.unknown()).safeParse(raw).data ?? {};
  return raw === undefined ? shown : { ...shown, raw: shownRaw };
}
