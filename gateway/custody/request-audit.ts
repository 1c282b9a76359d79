import type { AuditFilter, AuditRecord } from "../../schema/audit-record.ts";
import { GatewayError } from "../../schema/errors.ts";
import { parseInput, purposeSchema } from "../../schema/input.ts";
import type {
  AccessTokenOutcome,
  Connection,
  ConnectionWhere,
  DeletedUser,
  ImportResult,
  Owner,
  Page,
  PageRequest,
  TokenRequest,
} from "../../schema/upstream.ts";
import type { Exchange } from "../http/pipeline.ts";
import type { Audit } from "./audit.ts";
import { recordErasing } from "./record-erasing.ts";
import { recordImports } from "./record-imports.ts";
import { agentOf, type AuditAction, type AuditActor, type AuditEvent, type RequestOrigin } from "./audit-event.ts";

/** What says where a request came from. */
export type AuditedExchange = Pick<Exchange, "request" | "limits" | "requestId"> & Partial<Pick<Exchange, "peer">>;

/** Where a request came from. A private address stands for many clients, and is better than none. */
export const originOf = ({ request, limits, requestId, peer }: AuditedExchange): RequestOrigin => ({
  requestId,
  address: limits.clientAddress() ?? peer?.address?.replace(/^::ffff:/, "") ?? null,
  agent: agentOf(request.headers),
});

/** What an act was about. */
type About = Pick<AuditEvent, "owner" | "connectionId" | "connector" | "outcome" | "details">;

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** The id of a connection as a caller gives it. Any other text is not kept: a caller may have mistaken an address, or a token, for an id. */
export const askedId = (id: string | null | undefined): string | null => (id != null && uuid.test(id) ? id : null);

export const aboutConnection = ({ id, owner, connector }: Connection): About => ({
  owner,
  connectionId: id,
  connector: connector.slug,
});

/** Why its tokens are asked for, where the request says so once for all. */
function purposeOf(headers: Pick<Headers, "get">): string | null {
  const purpose = headers.get("x-purpose");
  return purpose === null ? null : parseInput(purposeSchema, purpose, "X-Purpose");
}

/** What requests need of the audit. */
export type RequestAudits = Pick<Audit, "record" | "lastUsedAt" | "reader" | "forget" | "persons">;

/** Records what one request does: who sent it, from where and why. A class, as one is made at each request. */
export class RequestAudit {
  readonly #audit: RequestAudits;
  readonly #exchange: AuditedExchange;
  readonly #actor: () => AuditActor;
  readonly #purpose: string | null;
  #from: RequestOrigin | undefined;

  /**
   * Throws BAD_USER_INPUT for a header `X-Purpose` that is too long.
   * @param actor Who sent it. Asked at each act, as an upstream may say so later.
   */
  constructor(audit: RequestAudits, exchange: AuditedExchange, actor: () => AuditActor) {
    this.#audit = audit;
    this.#exchange = exchange;
    this.#actor = actor;
    this.#purpose = purposeOf(exchange.request.headers);
  }

  /** Looked up at the first use: most of a page's requests do nothing that is recorded. */
  get from(): RequestOrigin {
    return (this.#from ??= originOf(this.#exchange));
  }

  /** As `OwnerConnections.lastUsedAt`. */
  lastUsedAt(connectionId: string): Promise<Date | null> {
    return this.#audit.lastUsedAt(connectionId);
  }

  /** What was recorded, the newest first. */
  list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditRecord>> {
    return this.#audit.reader.list(filter, page, "newest");
  }

  find(id: string): Promise<AuditRecord | null> {
    return this.#audit.reader.find(id);
  }

  /** Records an answer to "a token, please". @param owner Whose token was asked for, where that is known. */
  read(outcome: AccessTokenOutcome, where: ConnectionWhere, { purpose }: Pick<TokenRequest, "purpose">, owner: Owner | null): void {
    const connection = "connection" in outcome ? outcome.connection : null;
    this.#audit.record({
      action: "token.read",
      actor: this.#actor(),
      owner: connection?.owner ?? owner,
      connectionId: connection?.id ?? askedId(where.id),
      connector: connection?.connector.slug ?? where.slug ?? null,
      outcome: outcome.type,
      fingerprint: outcome.type === "AccessToken" ? outcome.fingerprint : null,
      purpose: purpose ?? this.#purpose,
      from: this.from,
    });
  }

  /**
   * Records an act once it has ended, also where it fails: then the outcome is the error's code.
   * @param about What it is about, as far as that is known before. @param learn What its result says of that.
   */
  async act<Value>(action: AuditAction, acting: Promise<Value>, about: About, learn: (value: Value) => About = () => ({})): Promise<Value> {
    const value = await this.#orFailed(action, acting, about);
    this.#record(action, { ...about, ...learn(value) });
    return value;
  }

  /** Records that a user was deleted, and forgets who that was. Null where nothing was held of them. */
  async erase(userId: string, deleting: Promise<DeletedUser | null>): Promise<DeletedUser | null> {
    const deleted = await this.#orFailed("user.erase", deleting, { owner: { kind: "user", id: userId } });
    const wasHeld = await recordErasing(this.#audit, userId, deleted, { actor: this.#actor(), from: this.from });
    if (wasHeld) return deleted ?? { connections: [], groupConnections: [] };
    this.#record("user.erase", { outcome: "NOT_FOUND" });
    return null;
  }

  /** Records each connection that was imported. */
  async import(importing: Promise<ImportResult[]>): Promise<ImportResult[]> {
    const results = await this.#orFailed("connection.import", importing, {});
    recordImports(this.#audit, results, { actor: this.#actor(), from: this.from });
    return results;
  }

  #record(action: AuditAction, about: About): void {
    this.#audit.record({ action, actor: this.#actor(), from: this.from, ...about });
  }

  async #orFailed<Value>(action: AuditAction, acting: Promise<Value>, about: About): Promise<Value> {
    try {
      return await acting;
    } catch (error) {
      this.#record(action, { ...about, outcome: error instanceof GatewayError ? error.code : "INTERNAL" });
      throw error;
    }
  }
}
