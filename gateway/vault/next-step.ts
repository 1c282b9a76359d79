import type { Authorization } from "../../schema/upstream.ts";
import { isDevice } from "../oauth/device.ts";
import { ofTokenKind } from "../oauth/provider.ts";
import { requestAuthorization } from "../oauth/pushed-authorization.ts";
import { isUnattended } from "../oauth/request-tokens.ts";
import type { TokenFailure } from "../oauth/result.ts";
import { unknownEndpoints } from "../oauth/unknown-endpoints.ts";
import { valuesOf } from "../providers/connector-values.ts";
import { fillProvider } from "../providers/template.ts";
import { observeProvider } from "../runtime/telemetry.ts";
import type { AttemptRow } from "../store/tables.ts";
import type { AttemptSecrets, Link } from "./attempts.ts";
import { requestRefused } from "./connecting-failure.ts";
import type { StartedConnection } from "./connections.ts";
import { deviceStep, type StepParts } from "./device-start.ts";
import { tokenKindOf } from "./token-kinds.ts";
import { parseFurtherScopes, parseScopes } from "./scopes.ts";
import { openCollected } from "./started-connections.ts";

/** What a browser holds, or will hold, of an attempt. */
interface Secrets extends AttemptSecrets {
  state: string;
}

/**
 * What the browser does next: a form of ours, then the provider, or our page with the code to enter there. A page that cannot be bound is
 * sent to `link` before. Throws TEMPORARILY_UNAVAILABLE, CONNECTOR_MISCONFIGURED and FORBIDDEN where the provider takes no authorization
 * request.
 */
export async function nextStep(
  parts: StepParts,
  started: StartedConnection,
  attempt: AttemptRow,
  { link, ...secrets }: Secrets & { link: Link | null },
): Promise<Partial<Authorization>> {
  const { collect, oauth, slug } = started.connector;
  const { state } = secrets;
  const isAsked = collect !== null && !started.authorization.sealed_fields;
  if (!isAsked && (!oauth || isUnattended(oauth.provider))) return {};
  const page = `${parts.publicUrl}/connect/${slug}?state=${state}`;
  if (!isAsked && oauth && isDevice(oauth.provider)) {
    const step = await deviceStep(parts, started, attempt, secrets);
    return step.deviceCode ? { ...step, state, authorizeUrl: link ? await link({ slug, state }) : page } : step;
  }
  // Where it is linked, the browser asks once more.
  const authorizeUrl = link ? await link({ slug, state }) : isAsked ? page : await authorizeUrlOf(parts, started, attempt, secrets);
  return { state, ...(isAsked && { collect }), authorizeUrl };
}

async function authorizeUrlOf(
  parts: StepParts,
  started: StartedConnection,
  attempt: AttemptRow,
  { state, verifier, loginHint }: Secrets,
): Promise<string> {
  const { log, discovery, telemetry, timeoutMs } = parts;
  const { oauth, slug, name } = started.connector;
  if (!oauth) throw new TypeError("Only a connector with an OAuth provider sends users to it.");
  const values = valuesOf(started.connector, oauth.client, { fields: openCollected(parts, started), stated: {} });
  const refused = (failure: TokenFailure) => {
    log.warn({ connector: slug, code: failure.code, reason: failure.reason }, "users cannot be sent to the provider");
    return requestRefused(name, failure);
  };
  const completed = await discovery.complete(oauth.provider).catch((error: unknown) => {
    throw refused(unknownEndpoints("authorize", error));
  });
  const { authorization, connector } = started;
  const provider = fillProvider(ofTokenKind(completed, tokenKindOf(authorization, connector)), values);
  const request = {
    provider,
    client: oauth.client,
    redirectUri: attempt.redirect_uri,
    scopes: parseScopes(authorization.requested_scopes),
    furtherScopes: parseFurtherScopes(authorization.further_scopes),
    state,
    verifier,
    params: loginHint === undefined ? {} : { login_hint: loginHint },
    timeoutMs,
  };
  const isPushed = provider.pushedAuthorizationRequestEndpoint !== null;
  const asked = await (isPushed
    ? observeProvider(telemetry, slug, "push", () => requestAuthorization(request))
    : requestAuthorization(request));
  if (asked.ok) return asked.url.href;
  throw refused(asked);
}
