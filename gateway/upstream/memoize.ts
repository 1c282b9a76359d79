import type { PromiseOrValue } from "../../schema/promise-or-value.ts";
import type { HistoryEntry } from "../../schema/events.ts";
import type {
  AccessTokenOutcome,
  Authorization,
  Connection,
  ConnectionWhere,
  OwnerConnections,
  Page,
  PageRequest,
  PlatformAccess,
  StartOptions,
  TokenRequest,
  ViewerConnections,
} from "../../schema/upstream.ts";
import { aboutConnection, askedId, type RequestAudit } from "../custody/request-audit.ts";
import { createStoppableIterator } from "../runtime/stoppable-iterator.ts";
import { RequestPlatform } from "./request-platform.ts";
import { type AssertKnown, RequestReads } from "./request-reads.ts";

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

  history(connectionId: string, page: PageRequest): Promise<Page<HistoryEntry> | null> {
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
    const about = { connectionId: askedId(where.id), connector: where.slug ?? null };
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

function forgetAtEach<Value>(values: AsyncIterable<Value>, forget: () => void): AsyncIterableIterator<Value> {
  const iterator = values[Symbol.asyncIterator]();
  return createStoppableIterator(
    () => iterator.next().finally(forget),
    () => iterator.return?.(),
  );
}
