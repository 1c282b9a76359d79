import type { PromiseOrValue } from "../../schema/promise-or-value.ts";
import type {
  AccessTokenOutcome,
  Connection,
  ConnectionWhere,
  Owner,
  OwnerConnections,
  Page,
  PageRequest,
  TokenRequest,
} from "../../schema/upstream.ts";
import type { HistoryEntry } from "../../schema/events.ts";
import type { RequestAudit } from "../custody/request-audit.ts";

/** Throws where a server's key is no longer valid. */
export type AssertKnown = () => void | Promise<unknown>;

/** Made at each request, of which most ask for one token: classes, whose methods are not made again. */
export class RequestReads implements OwnerConnections {
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

  async history(connectionId: string, page: PageRequest): Promise<Page<HistoryEntry> | null> {
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

function once<Key, Value>(answers: Map<Key, Promise<Value>>, key: Key, load: () => Promise<Value>): Promise<Value> {
  const answer = answers.get(key) ?? load();
  answers.set(key, answer);
  return answer;
}
