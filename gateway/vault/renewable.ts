import { isUnattended } from "../oauth/request-tokens.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import type { AuthorizationRow } from "../store/tables.ts";

/** What decides whether a grant's next token can be had without the person. */
export interface Renewing {
  authorization: Pick<AuthorizationRow, "sealed_refresh_token"> | null;
  connector: Pick<ConnectorConfig, "oauth">;
}

/** Whether there is a refresh token, or none is needed. */
export const isRenewable = ({ authorization, connector: { oauth } }: Renewing): boolean =>
  authorization !== null && (authorization.sealed_refresh_token !== null || (oauth !== null && isUnattended(oauth.provider)));
