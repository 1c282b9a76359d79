import type { AuditFilter, AuditRecord } from "../../schema/audit-record.ts";
import type { PromiseOrValue } from "../../schema/promise-or-value.ts";
import type { HistoryEntry, HistoryPage } from "../../schema/events.ts";
import type {
  AccessTokenOutcome,
  Authorization,
  Connection,
  ConnectionActions,
  ConnectionWhere,
  KnownUser,
  Owner,
  OwnerConnections,
  Page,
  PageRequest,
  PlatformAccess,
  ProvisionedUser,
  StartOptions,
  TokenRequest,
  ViewerConnections,
} from "../../schema/upstream.ts";
import { aboutConnection, type RequestAudit } from "../custody/request-audit.ts";
import { createStoppableIterator } from "../runtime/stoppable-iterator.ts";

/**
 * A user's connections for the length of one request: they are read once, however often an operation comes back to them. What the request
 * itself changes, and what a watch tells of, is read again. Access tokens are asked for each time.
 * @param shared what reads are made of; null: what `open` answers. @param open opens the rest, at its first use. @param audit records what
 * the request reads of tokens, and does.
 */
export const memoizeViewer = (shared: OwnerConnections | null, open: () => ViewerConnections, audit: RequestAudit): ViewerConnections =>
  new RequestConnections(shared, open, audit);

/**
 * The same for a server: each owner's connections are read once.
 * @param assertKnown throws where the server's key is no longer valid: a token may have been waited for.
 */
export const memoizePlatform = (platform: PlatformAccess, audit: RequestAudit, assertKnown: AssertKnown = () => {}): PlatformAccess =>
  new RequestPlatform(platform, audit, assertKnown);

type AssertKnown = () => void | Promise<unknown>;

/** Made at each request, of which most ask for one token: classes, whose methods are not made again. */
class RequestReads implements OwnerConnections {
  readonly #open: () => OwnerConnections;
  readonly #audit: RequestAudit;
  readonly #owner: Owner | null;
  readonly #assertKnown: AssertKnown | undefined;
  #lists: Map<string | null, Promise<Connection[]>> | undefined;
  #found: Map<string, Promise<Connection | null>> | undefined;

  /** @param owner whose connections they are; null: the user's who asks. */
  constructor(open: () => OwnerConnections, audit: RequestAudit, owner: Owner | null, assertKnown?: AssertKnown) {
    this.#open = open;
    this.#audit = audit;
    this.#owner = owner;
    this.#assertKnown = assertKnown;
  }

  forget(): void {
    this.#lists = this.#found = undefined;
  }

  find(where: ConnectionWhere): Promise<Connection | null> {
    return once((this.#found ??= new Map()), JSON.stringify(where), () => this.#open().find(where));
  }

  /** All are read at once: what follows is answered from the same list. */
  list(slug: string | null): Promise<Connection[]> {
    const lists = (this.#lists ??= new Map());
    const all = once(lists, null, () => this.#open().list(null));
    return slug === null ? all : once(lists, slug, async () => (await all).filter(({ connector }) => connector.slug === slug));
  }

  async history(connectionId: string, page: HistoryPage): Promise<HistoryEntry[] | null> {
    return (await this.#open().history?.(connectionId, page)) ?? null;
  }

  accessToken(where: ConnectionWhere, request: TokenRequest): PromiseOrValue<AccessTokenOutcome> {
    const outcome = this.#open().accessToken(where, request);
    if (outcome instanceof Promise) return this.#afterWaiting(outcome, where, request);
    this.#audit.read(outcome, where, request, this.#owner);
    return outcome;
  }

  lastUsedAt(connectionId: string): Promise<Date | null> {
    return this.#audit.lastUsedAt(connectionId);
  }

  async #afterWaiting(asking: Promise<AccessTokenOutcome>, where: ConnectionWhere, request: TokenRequest): Promise<AccessTokenOutcome> {
    try {
      const outcome = await asking;
      if (outcome.type === "AccessToken") await this.#assertKnown?.();
      this.#audit.read(outcome, where, request, this.#owner);
      return outcome;
    } finally {
      // A refresh may change the status.
      this.forget();
    }
  }
}

class RequestConnections implements ViewerConnections {
  readonly #reads: RequestReads;
  readonly #open: () => ViewerConnections;
  readonly #audit: RequestAudit;
  #opened: ViewerConnections | undefined;

  constructor(shared: OwnerConnections | null, open: () => ViewerConnections, audit: RequestAudit) {
    this.#reads = new RequestReads(() => shared ?? this.#here(), audit, null);
    this.#open = open;
    this.#audit = audit;
  }

  #here(): ViewerConnections {
    return (this.#opened ??= this.#open());
  }

  #thenForget<Value>(change: Promise<Value>): Promise<Value> {
    return change.finally(() => this.#reads.forget());
  }

  find(where: ConnectionWhere): Promise<Connection | null> {
    return this.#reads.find(where);
  }

  list(slug: string | null): Promise<Connection[]> {
    return this.#reads.list(slug);
  }

  history(connectionId: string, page: HistoryPage): Promise<HistoryEntry[] | null> {
    return this.#reads.history(connectionId, page);
  }

  accessToken(where: ConnectionWhere, request: TokenRequest): PromiseOrValue<AccessTokenOutcome> {
    return this.#reads.accessToken(where, request);
  }

  lastUsedAt(connectionId: string): Promise<Date | null> {
    return this.#reads.lastUsedAt(connectionId);
  }

  start(slug: string, options: StartOptions): Promise<Connection> {
    const starting = this.#here().start(slug, options);
    return this.#thenForget(this.#audit.act("connection.start", starting, { connector: slug }, aboutConnection));
  }

  submit(...asked: Parameters<ViewerConnections["submit"]>): Promise<Authorization> {
    return this.#thenForget(this.#here().submit(...asked));
  }

  disconnect(where: ConnectionWhere): Promise<Connection> {
    const about = { connectionId: where.id ?? null, connector: where.slug ?? null };
    return this.#thenForget(this.#audit.act("connection.disconnect", this.#here().disconnect(where), about, aboutConnection));
  }

  findAuthorization(id: string): Promise<Authorization | null> {
    return this.#here().findAuthorization(id);
  }

  async watch(slug: string | null): Promise<AsyncIterable<Connection>> {
    return forgetAtEach(await this.#here().watch(slug), () => this.#reads.forget());
  }

  async watchAuthorization(id: string): Promise<AsyncIterable<Authorization>> {
    return forgetAtEach(await this.#here().watchAuthorization(id), () => this.#reads.forget());
  }
}

class RequestPlatform implements PlatformAccess {
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
    // One who is not known is not made known by the audit.
    const learn = (user: KnownUser | null) => (user ? { owner: { kind: "user" as const, id } } : { outcome: "NOT_FOUND" });
    return this.#audit.act("user.revoke", this.#platform.revokeUserTokens(id), {}, learn);
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
    return moveUser && ((id, groupId) => this.#thenForget(moveUser(id, groupId)));
  }

  get revokeSessions(): PlatformAccess["revokeSessions"] {
    return this.#platform.revokeSessions;
  }

  get connectionActions(): ConnectionActions | undefined {
    const actions = this.#platform.connectionActions;
    if (!actions) return undefined;
    return {
      disconnect: (id) => this.#thenForget(actions.disconnect(id)),
      refresh: (id, kind) => this.#thenForget(actions.refresh(id, kind)),
      disable: (id) => this.#thenForget(actions.disable(id)),
      enable: (id) => this.#thenForget(actions.enable(id)),
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

function once<Key, Value>(answers: Map<Key, Promise<Value>>, key: Key, load: () => Promise<Value>): Promise<Value> {
  const answer = answers.get(key) ?? load();
  answers.set(key, answer);
  return answer;
}

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

function forgetAtEach<Value>(values: AsyncIterable<Value>, forget: () => void): AsyncIterableIterator<Value> {
  const iterator = values[Symbol.asyncIterator]();
  return createStoppableIterator(
    () => iterator.next().finally(forget),
    () => iterator.return?.(),
  );
}
