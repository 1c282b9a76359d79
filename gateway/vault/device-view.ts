import { plainName } from "../../client/design/plain-name.ts";
import { notFound } from "../../schema/errors.ts";
import type { Connection, DeviceCode } from "../../schema/upstream.ts";
import { isDevice } from "../oauth/device.ts";
import { assertSameVisitor, openSecrets, UNKNOWN_LINK, type Visitor } from "./attempts.ts";
import { codeExpired, type ConnectingFailure, internalError } from "./connecting-failure.ts";
import { toConnection } from "./connections.ts";
import { toDeviceCode } from "./device-grant.ts";
import { type ConnectingParts, readStarted } from "./started-connections.ts";

/** The state of a user code, as the page shows it. */
export type DeviceView = { connection: Connection; returnTo: string | null } & (
  { status: "waiting"; code: DeviceCode; remainingMs: number } | { status: "connected" } | { status: "failed"; failure: ConnectingFailure }
);

/**
 * The state of an attempt's user code, for the browser that started it. Null where the attempt has none yet, or its connector is of another
 * kind. Used and expired attempts are included. Throws NOT_FOUND and FORBIDDEN.
 */
export async function readDeviceView(parts: ConnectingParts, state: string, slug: string, visitor: Visitor): Promise<DeviceView | null> {
  const { attempts, connectors, connections, clock, metadataOf, publicUrl } = parts;
  const { oauth } = connectors.get(slug) ?? {};
  if (!oauth || !isDevice(oauth.provider)) return null;
  const attempt = await attempts.find(state);
  if (attempt?.connector_slug !== slug) throw notFound(UNKNOWN_LINK);
  assertSameVisitor(attempt, visitor);
  const { device: grant } = openSecrets(parts, attempt);
  const { authorization, ...started } = await readStarted(parts, attempt);
  if (!grant && authorization.status === "awaiting_callback") return null;
  const stored = (await connections.read(started.connection.id)) ?? { ...started, authorization };
  const connection = toConnection(stored, { clock, metadataOf, publicUrl, reader: attempt.user_id });
  const view = { connection, returnTo: attempt.return_to };
  if (authorization.status === "active") return { ...view, status: "connected" };
  if (authorization.status === "error") {
    const accounts = {
      actual: plainName(authorization.display_label),
      expected: plainName(stored.authorization?.display_label ?? null),
    };
    return { ...view, status: "failed", failure: { code: authorization.error_code ?? internalError.code, message: "", accounts } };
  }
  if (!grant || grant.expiresAt <= clock.now()) return { ...view, status: "failed", failure: codeExpired };
  return { ...view, status: "waiting", code: toDeviceCode(grant), remainingMs: grant.expiresAt - clock.now() };
}
