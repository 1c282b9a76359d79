import type { PromiseOrValue } from "../../schema/promise-or-value.ts";
import type { HistoryEntry, HistoryPage } from "../../schema/events.ts";
import type {
  AccessTokenOutcome,
  Authorization,
  Connection,
  ConnectionWhere,
  KnownUser,
  Owner,
  OwnerConnections,
  PlatformAccess,
  ProvisionedUser,
  TokenRequest,
  ViewerConnections,
} from "../../schema/upstream.ts";
import { createStoppableIterator } from "../runtime/stoppable-iterator.ts";

/**
 * A user's connections for the length of one request: they are read once, however often an operation comes back to them. What the request
 * itself changes, and what a watch tells of, is read again. Access tokens are asked for each time.
 * @param shared what reads are made of; null: what `open` answers. @param open opens the rest, at its first use.
 */
export const memoizeViewer = (shared: OwnerConnections | null, open: () => ViewerConnections): ViewerConnections =>
  new RequestConnections(shared, open);

/**
 * The same for a server: each owner's connections are read once.
 * @param assertKnown throws where the server's key is no longer valid: a token may have been waited for.
 */
export const memoizePlatform = (platform: PlatformAccess, assertKnown: AssertKnown = () => {}): PlatformAccess =>
  new RequestPlatform(platform, assertKnown);

type AssertKnown = () => void | Promise<unknown>;

/** Made at each request, of which most ask for one token: classes, whose methods are not made again. */
class RequestReads implements OwnerConnections {
  readonly #open: () => OwnerConnections;
  readonly #assertKnown: AssertKnown | undefined;
  #lists: Map<string | null, Promise<Connection[]>> | undefined;
  #found: Map<string, Promise<Connection | null>> | undefined;

  constructor(open: () => OwnerConnections, assertKnown?: AssertKnown) {
    this.#open = open;
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
    return outcome instanceof Promise ? this.#afterWaiting(outcome) : outcome;
  }

  async #afterWaiting(asking: Promise<AccessTokenOutcome>): Promise<AccessTokenOutcome> {
    try {
      const outcome = await asking;
      if (outcome.type === "AccessToken") await this.#assertKnown?.();
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
  #opened: ViewerConnections | undefined;

  constructor(shared: OwnerConnections | null, open: () => ViewerConnections) {
    this.#reads = new RequestReads(() => shared ?? this.#here());
    this.#open = open;
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

  start(...asked: Parameters<ViewerConnections["start"]>): Promise<Connection> {
    return this.#thenForget(this.#here().start(...asked));
  }

  submit(...asked: Parameters<ViewerConnections["submit"]>): Promise<Authorization> {
    return this.#thenForget(this.#here().submit(...asked));
  }

  disconnect(where: ConnectionWhere): Promise<Connection> {
    return this.#thenForget(this.#here().disconnect(where));
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
  readonly #assertKnown: AssertKnown;
  #byOwner: Map<string, OwnerConnections> | undefined;

  constructor(platform: PlatformAccess, assertKnown: AssertKnown) {
    this.#platform = platform;
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
    return this.#platform.provisionUser(input);
  }

  revokeUserTokens(id: string): Promise<KnownUser | null> {
    return this.#platform.revokeUserTokens(id);
  }

  /** Null where the upstream tells none. */
  get events(): PlatformAccess["events"] {
    const { events } = this.#platform;
    return events && (async (after) => assertingEach(await events(after), this.#assertKnown));
  }

  connectionsOf(owner: Owner): OwnerConnections {
    const byOwner = (this.#byOwner ??= new Map());
    const key = `${owner.kind} ${owner.id}`;
    const known = byOwner.get(key);
    if (known) return known;
    const own = this.#platform.connectionsOf(owner);
    const connections = new RequestReads(() => own, this.#assertKnown);
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
