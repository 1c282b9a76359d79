import type { Authorization } from "../../schema/upstream.ts";
import { requestDeviceCode } from "../oauth/device.ts";
import { unknownEndpoints } from "../oauth/unknown-endpoints.ts";
import { valuesOf } from "../providers/connector-values.ts";
import { fillProvider } from "../providers/template.ts";
import { observeProvider } from "../runtime/telemetry.ts";
import type { AttemptRow } from "../store/tables.ts";
import { type AttemptSecrets, replaceSecrets } from "./attempts.ts";
import type { ConnectingFailure } from "./connecting-failure.ts";
import { type StartedConnection, toAuthorization } from "./connections.ts";
import { type DeviceGrant, toDeviceCode } from "./device-grant.ts";
import type { DevicePolls } from "./device-polls.ts";
import { failStarted } from "./first-tokens.ts";
import { parseScopes } from "./scopes.ts";
import { type ConnectingParts, openCollected } from "./started-connections.ts";

/** What finding the next step of a browser needs. */
export interface StepParts extends ConnectingParts {
  devicePolls: Pick<DevicePolls, "begin">;
}

/**
 * The user code of an attempt. The provider is asked for it once; from then on `devicePolls` asks for its tokens. Where the provider gives
 * none, the answer is the failed authorization.
 */
export async function deviceStep(
  parts: StepParts,
  started: StartedConnection,
  attempt: AttemptRow,
  secrets: AttemptSecrets,
): Promise<Partial<Authorization>> {
  const { authorization, connector } = started;
  const grant = secrets.device ?? (await askForCode(parts, started, attempt, secrets));
  if (!("code" in grant)) return { deviceCode: toDeviceCode(grant) };
  const failed = { ...authorization, status: "error", error_code: grant.code, error_message: grant.message } as const;
  return toAuthorization(failed, connector, { clock: parts.clock, reader: attempt.user_id });
}

async function askForCode(
  parts: StepParts,
  started: StartedConnection,
  attempt: AttemptRow,
  { verifier, loginHint }: AttemptSecrets,
): Promise<DeviceGrant | ConnectingFailure> {
  const { attempts, discovery, devicePolls, clock, telemetry, timeoutMs } = parts;
  const { connector, authorization } = started;
  const { oauth } = connector;
  if (!oauth) throw new TypeError("Only a connector with an OAuth provider has device codes.");
  const values = valuesOf(connector, oauth.client, { fields: openCollected(parts, started), stated: {} });
  const askedAt = clock.now();
  const scopes = parseScopes(authorization.requested_scopes);
  const completed = await discovery.complete(oauth.provider).catch((error: unknown) => unknownEndpoints("exchange", error));
  const result =
    "ok" in completed
      ? completed
      : await observeProvider(telemetry, connector.slug, "device_code", () =>
          requestDeviceCode({ provider: fillProvider(completed, values), client: oauth.client, scopes, timeoutMs }),
        );
  if (!result.ok) {
    const failure = { code: result.code, message: result.message };
    await attempts.use(attempt);
    await failStarted(parts, started, failure);
    return failure;
  }
  const { expiresInSeconds, ...device } = result.device;
  const grant = { ...device, expiresAt: Math.min(attempt.expires_at, Math.floor(askedAt + expiresInSeconds * 1000)) };
  await replaceSecrets(parts, attempt, { verifier, loginHint, device: grant });
  devicePolls.begin(attempt.state_hash);
  return grant;
}
