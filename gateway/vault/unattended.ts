import { badUserInput } from "../../schema/errors.ts";
import { describeProblem, refusalOf } from "../../schema/problems.ts";
import { accountOf } from "../oauth/account.ts";
import { PrivateKeyError } from "../oauth/assertion.ts";
import { declaredSources, type OAuthProvider } from "../oauth/provider.ts";
import { requestTokens } from "../oauth/request-tokens.ts";
import type { TokenFailure } from "../oauth/result.ts";
import { readStated } from "../oauth/stated-values.ts";
import { unknownEndpoints } from "../oauth/unknown-endpoints.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { valuesOf } from "../providers/connector-values.ts";
import { fillProvider } from "../providers/template.ts";
import { observeProvider } from "../runtime/telemetry.ts";
import { askUserInfo } from "./ask-userinfo.ts";
import type { StartedConnection } from "./connections.ts";
import { logMisread } from "./refresh-result.ts";
import type { Granted } from "./spool.ts";
import type { ConnectingDependencies } from "./started-connections.ts";
import { assertMayServe, refusedInput, uncheckedInput } from "./typed-key.ts";
import { unattendedRequest } from "./unattended-request.ts";

/**
 * Asks for the first tokens of a connection that needs no person at the provider. Throws BAD_USER_INPUT for what the provider refuses,
 * TEMPORARILY_UNAVAILABLE where it cannot answer.
 */
export async function requestFirstTokens(
  dependencies: ConnectingDependencies,
  started: StartedConnection,
  fields: Readonly<Record<string, string>>,
): Promise<Granted> {
  const { clock, discovery, log, telemetry } = dependencies;
  const { connector } = started;
  const { oauth, scopes, slug } = connector;
  if (!oauth) throw new TypeError("Only a connector with an OAuth provider can request tokens.");
  const completed = await discovery.complete(oauth.provider).catch((error: unknown) => {
    throw explainRefusal(dependencies, connector, unknownEndpoints("exchange", error));
  });
  const provider = fillProvider(completed, valuesOf(connector, oauth.client, { fields, stated: {} }));
  const askedAt = clock.earliest();
  const ask = async () => {
    const asked = { ...unattendedRequest(connector, oauth.client, fields), provider, scopes, askedAt, timeoutMs: dependencies.timeoutMs };
    return requestTokens({ ...asked, operation: "exchange", secrets: Object.values(fields) });
  };
  const result = await observeProvider(telemetry, slug, "exchange", ask).catch((error: unknown) => {
    if (!(error instanceof PrivateKeyError)) throw error;
    throw badUserInput(({ refusals }) => refusals.privateKeyUnreadable, "fields");
  });
  if (!result.ok) throw explainRefusal(dependencies, connector, result);
  logMisread(log, slug, result.tokens);
  const obtained = { tokens: result.tokens, askedAt, clientId: oauth.client.clientId };
  const granted = await nameAccount(dependencies, slug, { provider, fields }, obtained);
  await assertMayServe(dependencies, started, granted.account);
  return granted;
}

async function nameAccount(
  { telemetry, timeoutMs }: ConnectingDependencies,
  slug: string,
  { provider, fields }: { provider: OAuthProvider; fields: Readonly<Record<string, string>> },
  { tokens, ...request }: Pick<Granted, "tokens" | "askedAt" | "clientId">,
): Promise<Granted> {
  const known = { ...readStated("field", fields, declaredSources(provider)), ...tokens.stated };
  const asked = await askUserInfo(telemetry, slug, { provider, accessToken: tokens.accessToken, known, timeoutMs });
  const stated = { ...known, ...asked };
  const account = accountOf(provider, stated);
  return { tokens: { ...tokens, stated }, ...request, account, isKnownToUserInfo: Object.keys(asked).length > 0 };
}

function explainRefusal({ log }: ConnectingDependencies, { slug, name }: ConnectorConfig, { kind, code, reason }: TokenFailure) {
  log.warn({ connector: slug, code, reason }, "the provider gives no tokens for the values that a user entered");
  if (kind === "revoked" || kind === "denied") return refusedInput(name);
  if (kind === "misconfigured") return badUserInput(refusalOf(describeProblem(name, code, "attempt")), "fields");
  return uncheckedInput(name);
}
