import type { FakeConnector } from "./catalog.ts";
import type { Credentials } from "./credentials.ts";
import type { Dialect } from "./dialects.ts";
import type { Grants } from "./grants.ts";
import type { Authorization, State } from "./state.ts";
import type { Step, View } from "./shapes.ts";
import type { ReadToken } from "./tokens.ts";

/** What the endpoints are made of. */
export interface Service extends View {
  readonly connectors: ReadonlyMap<string, FakeConnector>;
  readonly dialect: Dialect;
  readonly state: State;
  readonly credentials: Credentials;
  readonly grants: Grants;
  readonly readToken: ReadToken;
}

export const redirectUriOf = ({ url }: Service, { connection }: Authorization): string => `${url}/callback/${connection.connector.slug}`;

/** The form of the fields, or the provider. */
export function stepOf(service: Service, authorization: Authorization): Step {
  const { connector } = authorization.connection;
  const { state } = authorization;
  const authorize_url = connector.collect
    ? `${service.url}/connect/${connector.slug}?state=${state}`
    : service.grants.authorizeUrl(authorization, redirectUriOf(service, authorization));
  return { authorize_url, state };
}

/** Binds the browser that asks (contract, "Browser endpoints"). */
export const bindingOf = ({ dialect }: Service, { number, browser }: Authorization): Record<string, string> =>
  dialect.bindsBrowsers ? { "set-cookie": `${bindingName(number)}=${browser}; Path=/; HttpOnly; SameSite=Lax` } : {};

export const bindingName = (number: number): string => `xkit_attempt_${number}`;
