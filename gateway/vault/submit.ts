import { notFound } from "../../schema/errors.ts";
import { refusalOf } from "../../schema/problems.ts";
import type { Authorization, Viewer } from "../../schema/upstream.ts";
import type { RequestOrigin } from "../custody/audit-event.ts";
import { isUnattended } from "../oauth/request-tokens.ts";
import { type Link, openSecrets, UNKNOWN_LINK, USED_LINK } from "./attempts.ts";
import type { Activated } from "./activation.ts";
import { describeFailure } from "./connecting-failure.ts";
import { parseCollected } from "./collected.ts";
import { toAuthorization } from "./connections.ts";
import { placeOf, sealColumn } from "./sealed-columns.ts";
import type { StepParts } from "./device-start.ts";
import { nextStep } from "./next-step.ts";
import { readStarted } from "./started-connections.ts";
import { proveKey } from "./typed-key.ts";
import { requestFirstTokens } from "./unattended.ts";

/** The form between the two halves of connecting. Its fields connect by themselves where the connector has no provider. Throws NOT_FOUND. */
export function createSubmit(parts: StepParts) {
  const { database, sealer, clock, attempts, activation } = parts;

  return async function submit(
    viewer: Viewer,
    state: string,
    fields: { name: string; value: string }[],
    { link, from }: { link: Link | null; from?: RequestOrigin | undefined },
  ): Promise<Authorization & { returnTo: string | null }> {
    const attempt = await attempts.get(state, null);
    if (attempt.user_id !== viewer.userId) throw notFound(UNKNOWN_LINK);
    const view = { clock, reader: viewer.userId };
    const started = await readStarted(parts, attempt);
    const values = parseCollected(started.connector, fields);
    const place = placeOf(started.connection, started.authorization.id);
    const sealedFields = sealColumn(sealer, place, "sealed_fields", JSON.stringify(values));
    const returnTo = attempt.return_to;
    const activate = async (activating: () => Promise<Activated>) => {
      await attempts.use(attempt);
      const { failure } = await activating();
      if (failure) throw notFound(refusalOf(describeFailure(started.connector.name, failure)));
      const { authorization, connector } = await readStarted(parts, attempt);
      return { ...toAuthorization(authorization, connector, view), returnTo };
    };
    const filled = { ...started, from, authorization: { ...started.authorization, sealed_fields: sealedFields } };
    if (!started.connector.oauth) {
      const owner = await proveKey(parts, started, values);
      return activate(() => activation.withKey(filled, attempt.user_id, { values, ...owner }));
    }
    if (isUnattended(started.connector.oauth.provider)) {
      const granted = await requestFirstTokens(parts, filled, values);
      return activate(() => activation.withTokens(filled, attempt.user_id, granted));
    }
    const { numUpdatedRows } = await database.query
      .updateTable("authorizations")
      .set({ sealed_fields: sealedFields })
      .where("id", "=", started.authorization.id)
      // The callback may have come since the attempt was looked at.
      .where("status", "=", "awaiting_callback")
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) throw notFound(USED_LINK);
    // A code that was asked for with other fields is none.
    const secrets = { ...openSecrets(parts, attempt), device: undefined };
    return {
      ...toAuthorization(filled.authorization, filled.connector, view),
      ...(await nextStep(parts, filled, attempt, { state, ...secrets, link })),
      returnTo,
    };
  };
}
