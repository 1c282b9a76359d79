import type { AuditFilter, AuditRecord } from "../../schema/audit-record.ts";
import type {
  Connection,
  ConnectionActions,
  ConnectionRefresh,
  KnownUser,
  Owner,
  OwnerConnections,
  Page,
  PageRequest,
  PlatformAccess,
  ProvisionedUser,
} from "../../schema/upstream.ts";
import type { AuditAction } from "../custody/audit-event.ts";
import { aboutConnection, askedId, type RequestAudit } from "../custody/request-audit.ts";
import { createStoppableIterator } from "../runtime/stoppable-iterator.ts";
import { type AssertKnown, RequestReads } from "./request-reads.ts";

/** What a server may do, for the length of one request. */
export class RequestPlatform implements PlatformAccess {
  readonly #platform: PlatformAccess;
  readonly #audit: RequestAudit;
  readonly #assertKnown: AssertKnown;
  #byOwner: Map<string, OwnerConnections> | undefined;

  constructor(platform: PlatformAccess, audit: RequestAudit, assertKnown: AssertKnown) {
    this.#platform = platform;
    this.#audit = audit;
    this.#assertKnown = assertKnown;
  }

  findUser(id: string): Promise<KnownUser | null> {
    return this.#platform.findUser(id);
  }

  findGroup(id: string): Promise<{ id: string } | null> {
    return this.#platform.findGroup(id);
  }

  get listUsers(): PlatformAccess["listUsers"] {
    return this.#platform.listUsers;
  }

  get listGroups(): PlatformAccess["listGroups"] {
    return this.#platform.listGroups;
  }

  get findConnection(): PlatformAccess["findConnection"] {
    return this.#platform.findConnection;
  }

  get listConnections(): PlatformAccess["listConnections"] {
    return this.#platform.listConnections;
  }

  provisionUser(input: Parameters<PlatformAccess["provisionUser"]>[0]): Promise<ProvisionedUser> {
    return this.#audit.act("user.provision", this.#platform.provisionUser(input), { owner: { kind: "user", id: input.id } });
  }

  revokeUserTokens(id: string): Promise<KnownUser | null> {
    return this.#audit.act("user.revoke", this.#platform.revokeUserTokens(id), {}, (user) => aboutKnownUser(user && { user }));
  }

  /** Null where the upstream tells none. */
  get events(): PlatformAccess["events"] {
    const { events } = this.#platform;
    return events && (async (after) => assertingEach(await events(after), this.#assertKnown));
  }

  listAuditEvents(filter: AuditFilter, page: PageRequest): Promise<Page<AuditRecord>> {
    return this.#audit.list(filter, page);
  }

  findAuditEvent(id: string): Promise<AuditRecord | null> {
    return this.#audit.find(id);
  }

  get moveUser(): PlatformAccess["moveUser"] {
    const { moveUser } = this.#platform;
    return moveUser && ((id, groupId) => this.#thenForget(this.#audit.act("user.move", moveUser(id, groupId), {}, aboutKnownUser)));
  }

  get deleteUser(): PlatformAccess["deleteUser"] {
    const { deleteUser } = this.#platform;
    return deleteUser && ((id) => this.#thenForget(this.#audit.erase(id, deleteUser(id))));
  }

  get importConnections(): PlatformAccess["importConnections"] {
    const { importConnections } = this.#platform;
    return (
      importConnections &&
      ((connections, { isDryRun }) => {
        const importing = importConnections(connections, { isDryRun });
        return isDryRun ? importing : this.#thenForget(this.#audit.import(importing));
      })
    );
  }

  get revokeSessions(): PlatformAccess["revokeSessions"] {
    const { revokeSessions } = this.#platform;
    return revokeSessions && ((id) => this.#audit.act("session.revoke", revokeSessions(id), {}, aboutKnownUser));
  }

  get connectionActions(): ConnectionActions | undefined {
    const actions = this.#platform.connectionActions;
    if (!actions) return undefined;
    const act = (action: AuditAction, id: string, acting: Promise<Connection | null>) =>
      this.#thenForget(this.#audit.act(action, acting, { connectionId: askedId(id) }, aboutFound));
    return {
      disconnect: (id) => act("connection.disconnect", id, actions.disconnect(id)),
      disable: (id) => act("connection.disable", id, actions.disable(id)),
      enable: (id) => act("connection.enable", id, actions.enable(id)),
      refresh: (id, kind) =>
        this.#thenForget(this.#audit.act("connection.refresh", actions.refresh(id, kind), { connectionId: askedId(id) }, aboutRefresh)),
    };
  }

  #thenForget<Value>(change: Promise<Value>): Promise<Value> {
    return change.finally(() => void (this.#byOwner = undefined));
  }

  connectionsOf(owner: Owner): OwnerConnections {
    const byOwner = (this.#byOwner ??= new Map());
    const key = `${owner.kind} ${owner.id}`;
    const known = byOwner.get(key);
    if (known) return known;
    const own = this.#platform.connectionsOf(owner);
    const connections = new RequestReads(() => own, this.#audit, owner, this.#assertKnown);
    byOwner.set(key, connections);
    return connections;
  }
}

const notFound = { outcome: "NOT_FOUND" };

const aboutFound = (connection: Connection | null) => (connection ? aboutConnection(connection) : notFound);

const aboutRefresh = (refresh: ConnectionRefresh | null) =>
  refresh ? { ...aboutConnection(refresh.connection), outcome: refresh.status } : notFound;

/** One who is not known is not made known by the audit. */
const aboutKnownUser = (known: { user: KnownUser } | null) => (known ? { owner: { kind: "user" as const, id: known.user.id } } : notFound);

/** Nothing is yielded once the key is no longer valid. */
function assertingEach<Value>(values: AsyncIterable<Value>, assertKnown: AssertKnown): AsyncIterableIterator<Value> {
  const iterator = values[Symbol.asyncIterator]();
  const stop = () => iterator.return?.();
  const next = async () => {
    const result = await iterator.next();
    try {
      await assertKnown();
    } catch (error) {
      await stop();
      throw error;
    }
    return result;
  };
  return createStoppableIterator(next, stop);
}
