import { forbidden } from "../../schema/errors.ts";
import type { Platform, PlatformAccess } from "../../schema/upstream.ts";
import type { Auth } from "../auth/index.ts";
import type { Operator } from "../auth/operators.ts";
import type { Config } from "../config/config.ts";
import type { Audit } from "../custody/audit.ts";
import type { AuditActor, AuditEvent } from "../custody/audit-event.ts";
import { RequestAudit } from "../custody/request-audit.ts";
import type { Exchange } from "../http/pipeline.ts";
import type { Database } from "../store/database.ts";
import type { Sealer } from "../store/sealing.ts";
import { memoizePlatform } from "../upstream/memoize.ts";
import type { Upstream } from "../upstream/upstream.ts";

export interface AdminDependencies {
  config: Config;
  auth: Pick<Auth, "operators" | "apiKeys" | "cookies" | "origins">;
  upstream: Upstream;
  audits: Audit;
  database: Database;
  sealer: Sealer;
  /** Resolves with what is degraded, or null. Throws what keeps the gateway from its work. */
  checkReady(): Promise<string | null>;
}

/** One request of a person who is signed in at the operator's page. */
export interface Visit extends AdminDependencies {
  exchange: Exchange;
  operator: Operator;
  url: URL;
  /** What a server may do. Recorded as the operator's. */
  platform: PlatformAccess;
  /** Records what is done in another way. */
  record(event: Pick<AuditEvent, "action" | "details">): void;
}

const actorOf = ({ keyId, userId }: Operator): AuditActor => ({
  kind: "operator",
  ...(keyId !== null && { keyId }),
  ...(userId !== null && { userId }),
});

export function createVisit(dependencies: AdminDependencies, exchange: Exchange, operator: Operator): Visit {
  const { audits, upstream } = dependencies;
  const actor = actorOf(operator);
  const audit = new RequestAudit(audits, exchange, () => actor);
  return {
    ...dependencies,
    exchange,
    operator,
    url: new URL(exchange.request.url),
    platform: memoizePlatform(upstream.forPlatform(exchange.limits.clientAddress), audit),
    record: (event) => audits.record({ ...event, actor, from: audit.from }),
  };
}

/** Whose the platform is that every page names. */
export const platformOf = ({ config }: Pick<AdminDependencies, "config">): Platform => config.platform;

/** Throws FORBIDDEN for a form that no page of ours has sent. */
export function assertOwnForm({ auth, config }: Pick<AdminDependencies, "auth" | "config">, { request }: Pick<Exchange, "request">): void {
  if (request.headers.get("origin") === auth.origins.own) return;
  throw forbidden(`This form was sent from another site, so nothing was done. Open ${config.publicUrl}/admin, and start there.`);
}
