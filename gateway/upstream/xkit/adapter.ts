import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { TokenHolder, UserRelay } from "../upstream.ts";
import { createCatalog } from "./catalog.ts";
import { askWithKeys, createPlatform, type KeyPair } from "./platform.ts";
import { createPolling } from "./polling.ts";
import { createTokenReader } from "./read-token.ts";
import { createRelay } from "./relay.ts";
import { createRestClient } from "./rest-client.ts";

export interface XkitOptions {
  /** The upstream's origin. */
  url: string;
  /** For what servers ask; null where only users do. */
  keys: KeyPair | null;
  /** Where this gateway is reached: paths to return to are its own. */
  publicUrl: string;
  /** Longest an answer may take, in milliseconds. */
  timeoutMs: number;
  clock: Clock;
  log: Log;
}

export interface XkitAdapter extends TokenHolder {
  relay: UserRelay;
}

/** The adapter for an Xkit over REST: this gateway as another one serves it, or the closed service that it re-creates. */
export function createXkitAdapter(options: XkitOptions): XkitAdapter {
  const { url, keys, publicUrl, clock, log } = options;
  const client = createRestClient(options);
  const polling = createPolling(clock);
  const catalog = createCatalog(client, url);
  const readToken = createTokenReader({ catalog, clock, url });
  const platform = createPlatform({ ask: askWithKeys(client, keys), url, clock, readToken });
  return {
    catalog,
    relay: createRelay({ client, url, publicUrl, clock, log, polling, readToken }),
    forPlatform: () => platform,
    async check() {
      await catalog.getPlatform();
    },
    endSubscriptions: () => polling.end(),
    close: () => client.close(),
  };
}
