import { parseClientKey } from "../oauth/client-key.ts";
import type { OAuthClient } from "../oauth/provider.ts";
import type { TokensRequest } from "../oauth/request-tokens.ts";
import type { ConnectorConfig } from "../providers/connector.ts";

/** Stands for a client where an assertion alone authenticates: it is not sent (RFC 7521 section 4.1). */
const UNNAMED_CLIENT = "unnamed";

/** What is needed to ask for tokens without a person, of a connection whose user typed `fields`. Throws `PrivateKeyError`. */
export function unattendedRequest(
  { variables, collect, protocol }: ConnectorConfig,
  client: OAuthClient,
  fields: Readonly<Record<string, string>>,
): Pick<TokensRequest, "client" | "values" | "isTyped"> {
  const isSigning = protocol?.clientAuthentication === "private_key_jwt";
  const typed = (): OAuthClient => ({
    clientId: fields["client_id"] ?? UNNAMED_CLIENT,
    clientSecret: fields["client_secret"] ?? null,
    signingKey: isSigning && fields["private_key"] !== undefined ? parseClientKey(fields["private_key"]) : null,
  });
  return {
    client: client.clientId === "" ? typed() : client,
    values: { ...variables, ...fields },
    isTyped: collect?.fields.some(({ secret }) => secret) ?? false,
  };
}
