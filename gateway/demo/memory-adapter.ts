import type { Adapter, AdapterPayload } from "oidc-provider";

/** Most entries kept, over all kinds. The oldest go first. */
const MAX_ENTRIES = 10_000;

/** How many writes lie between two clearings of expired entries. */
const WRITES_PER_SWEEP = 200;

const MS_PER_SECOND = 1000;

interface Entry {
  readonly model: string;
  readonly payload: AdapterPayload;
  readonly expiresAtMs: number;
}

/**
 * oidc-provider's memory: bounded, gone when the process ends, one per provider. The package's own cannot list the grants of an account,
 * which `/grants` shows, and warns on the console at every start.
 */
export function createMemoryStore() {
  const entries = new Map<string, Entry>();
  let writes = 0;

  function set(key: string, entry: Entry): void {
    entries.delete(key);
    entries.set(key, entry);
    writes += 1;
    if (writes % WRITES_PER_SWEEP === 0) sweep();
    for (const oldest of entries.keys()) {
      if (entries.size <= MAX_ENTRIES) break;
      entries.delete(oldest);
    }
  }

  function sweep(): void {
    for (const [key, entry] of entries) if (isExpired(entry)) entries.delete(key);
  }

  /** Payloads of one kind that a condition holds for, with their ids. */
  function list(model: string, matches: (payload: AdapterPayload) => boolean): { id: string; payload: AdapterPayload }[] {
    return [...entries]
      .filter(([, entry]) => entry.model === model && !isExpired(entry) && matches(entry.payload))
      .map(([key, { payload }]) => ({ id: key.slice(model.length + 1), payload }));
  }

  function createAdapter(model: string): Adapter {
    const keyOf = (id: string) => `${model}:${id}`;
    const find = (id: string) => {
      const entry = entries.get(keyOf(id));
      return entry === undefined || isExpired(entry) ? undefined : entry.payload;
    };
    return {
      find: async (id) => find(id),
      findByUid: async (uid) => list(model, (payload) => payload.uid === uid)[0]?.payload,
      findByUserCode: async (userCode) => list(model, (payload) => payload.userCode === userCode)[0]?.payload,
      upsert: async (id, payload, expiresIn) => set(keyOf(id), { model, payload, expiresAtMs: expiryOf(expiresIn) }),
      consume: async (id) => {
        const payload = find(id);
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / MS_PER_SECOND);
      },
      destroy: async (id) => void entries.delete(keyOf(id)),
      revokeByGrantId: async (grantId) => {
        for (const { id } of list(model, (payload) => payload.grantId === grantId)) entries.delete(keyOf(id));
      },
    };
  }

  return { createAdapter, list, size: () => entries.size };
}

export type MemoryStore = ReturnType<typeof createMemoryStore>;

function expiryOf(expiresIn: number | undefined): number {
  return expiresIn === undefined ? Number.POSITIVE_INFINITY : Date.now() + expiresIn * MS_PER_SECOND;
}

function isExpired({ expiresAtMs }: Entry): boolean {
  return expiresAtMs <= Date.now();
}
