import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { OAuthProvider } from "./provider.ts";
import { completeProvider, MetadataError, metadataUrls, readServerMetadata } from "./server-metadata.ts";

/** How long metadata is used before it is read again, in milliseconds. It is used meanwhile, and for as long as it cannot be read. */
export const METADATA_LIFETIME_MS = 3_600_000;
/** How long a provider is left alone whose metadata could not be read, in milliseconds: while it is needed, and while some is known. */
export const METADATA_RETRY_MS = 5_000;
const METADATA_REFRESH_RETRY_MS = 60_000;
/** Longest that one exchange may take, in milliseconds: a user or a refresh waits for it. */
const METADATA_TIMEOUT_MS = 3_000;

/** Completes providers whose endpoints are left to their metadata. Others are answered as they are. */
export interface Discovery {
  /** Waits for the metadata where none is known yet. Throws `MetadataError`. */
  complete(provider: OAuthProvider): Promise<OAuthProvider>;
  /** As far as it is known now. */
  known(provider: OAuthProvider): OAuthProvider;
}

interface Entry {
  completed: OAuthProvider | null;
  /** When the metadata was read, or could not be. */
  askedAt: number;
  failure: MetadataError | null;
  loading: Promise<void> | null;
}

interface Dependencies {
  clock: Pick<Clock, "now">;
  log: Pick<Log, "warn">;
  /** Longest a provider may take, in milliseconds. */
  timeoutMs: number;
}

/**
 * Remembers in this process what metadata completes. It is read once when it is first needed, and in the background after an
 * hour. Nothing else is kept from working by an issuer that is away.
 */
export function createDiscovery({ clock, log, timeoutMs }: Dependencies, providers: readonly OAuthProvider[] = []): Discovery {
  const entries = new WeakMap<OAuthProvider, Entry>();

  function entryOf(provider: OAuthProvider): Entry {
    const entry = entries.get(provider) ?? { completed: null, askedAt: -Infinity, failure: null, loading: null };
    entries.set(provider, entry);
    return entry;
  }

  async function load(entry: Entry, provider: OAuthProvider): Promise<void> {
    try {
      entry.completed = completeProvider(provider, await readServerMetadata(provider, Math.min(timeoutMs, METADATA_TIMEOUT_MS)));
      entry.failure = null;
    } catch (error) {
      if (!(error instanceof MetadataError)) throw error;
      entry.failure = error;
      const facts = { url: metadataUrls(provider)[0], code: error.code, reason: error.message };
      log.warn(facts, `a provider's metadata cannot be used${entry.completed ? ": the previous metadata stays in use" : ""}`);
    } finally {
      Object.assign(entry, { askedAt: clock.now(), loading: null });
    }
  }

  /** Reads it, unless that goes on already or was tried a moment ago. */
  function ask(entry: Entry, provider: OAuthProvider): Promise<void> | null {
    const age = clock.now() - entry.askedAt;
    const leastAge = entry.failure === null ? METADATA_LIFETIME_MS : entry.completed ? METADATA_REFRESH_RETRY_MS : METADATA_RETRY_MS;
    if (age >= leastAge) entry.loading ??= load(entry, provider);
    return entry.loading;
  }

  async function complete(provider: OAuthProvider): Promise<OAuthProvider> {
    if (provider.discovery === null) return provider;
    const entry = entryOf(provider);
    const asking = ask(entry, provider);
    if (entry.completed === null) await asking;
    // What cannot be read again is in the log.
    else asking?.catch(() => {});
    if (entry.completed === null) throw entry.failure ?? new TypeError("Metadata is read, or there is a failure.");
    return entry.completed;
  }

  // A start does not wait for them.
  for (const provider of providers) complete(provider).catch(() => {});
  return {
    complete,
    known: (provider) => entries.get(provider)?.completed ?? provider,
  };
}
