import { createLocalJWKSet, type LocalJWKSet } from "jose";
import { z } from "zod";
import type { Clock } from "../runtime/clock.ts";
import { safeParseJson } from "../runtime/json.ts";
import type { Log } from "../runtime/log.ts";
import { fetchResponse } from "../http/fetch.ts";

/** At most one fetch in this time; also the longest until a new key is seen. */
const REFETCH_WINDOW_MS = 30_000;
/** The same while no keys are known at all: no token can be verified, so it is tried sooner. */
const FIRST_FETCH_WINDOW_MS = 2_000;
/** Keys older than this are fetched again, in the background. */
const REFRESH_AFTER_MS = 600_000;
/** After this long without a try a fetch is waited for, so that an idle process does not honour a key withdrawn long ago. */
const WAIT_AFTER_MS = 3_600_000;
const FETCH_TIMEOUT_MS = 5_000;
const HTTP_OK = 200;

/** RFC 7517 section 5; unknown kinds of keys are ignored when a key is looked for. */
const jwksSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

/** One state of an issuer's keys. The same object as long as the keys are the same. */
export type KeySet = LocalJWKSet;

/** The keys of an issuer, kept close: what was fetched once outlives any outage of the issuer. */
export interface RemoteKeys {
  /** The keys as known, or null when none could be had yet. */
  find(): Promise<KeySet | null>;
  /** The keys as known, where `find` would answer them without a fetch; else null. */
  peek(): KeySet | null;
  /** The keys after another look, as often as the window allows. */
  findNewer(): Promise<KeySet | null>;
}

/** @param url where the JWK Set is: https, or http on a loopback host. */
export function createRemoteKeys(url: string, clock: Clock, log: Pick<Log, "warn">): RemoteKeys {
  let known: { text: string; set: KeySet; fetchedAt: number } | null = null;
  let triedAt = -Infinity;
  let flight: Promise<void> | null = null;
  let waited: Promise<void> | null = null;

  const fetchKeys = async (): Promise<void> => {
    try {
      const text = await download(url);
      const set = known?.text === text ? known.set : parse(text);
      known = { text, set, fetchedAt: clock.now() };
    } catch (error) {
      log.warn(
        { jwksUrl: url, reason: error instanceof Error ? error.message : "unknown", hasKeys: known !== null },
        "An issuer's keys could not be fetched.",
      );
    }
  };

  const look = async (): Promise<void> => {
    const isAllowed = clock.now() - triedAt >= (known ? REFETCH_WINDOW_MS : FIRST_FETCH_WINDOW_MS);
    if (!flight && isAllowed) {
      triedAt = clock.now();
      flight = fetchKeys().finally(() => (flight = null));
    }
    await flight;
  };

  return {
    peek() {
      const now = clock.now();
      return known && now - triedAt <= WAIT_AFTER_MS && now - known.fetchedAt <= REFRESH_AFTER_MS ? known.set : null;
    },
    async find() {
      const age = clock.now() - (known?.fetchedAt ?? -Infinity);
      if (!known || clock.now() - triedAt > WAIT_AFTER_MS) waited = look();
      else if (age > REFRESH_AFTER_MS) void look();
      await waited;
      return known?.set ?? null;
    },
    async findNewer() {
      await look();
      return known?.set ?? null;
    },
  };
}

async function download(url: string): Promise<string> {
  const request = { method: "GET", headers: { accept: "application/jwk-set+json, application/json" }, body: null };
  const { status, text } = await fetchResponse(url, request, { timeoutMs: FETCH_TIMEOUT_MS });
  if (status !== HTTP_OK) throw new Error(`It answered with status ${status}.`);
  return text;
}

function parse(text: string): KeySet {
  const { data } = jwksSchema.safeParse(safeParseJson(text));
  if (!data) throw new Error("It is not a JWK Set.");
  return createLocalJWKSet(data);
}
