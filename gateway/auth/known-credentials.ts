import { timingSafeEqual } from "node:crypto";
import type { Principal } from "../http/pipeline.ts";
import type { Clock } from "../runtime/clock.ts";
import { createFindingCache } from "../store/cache.ts";
import type { Changes } from "../store/changes.ts";
import { topicOfApiKey } from "./api-keys.ts";
import type { Bearer } from "./bearer.ts";

/** What the credentials of users may take in memory: 32 MiB. */
const BEARERS_BYTES = 33_554_432;
/** The same of servers: 1 MiB. */
const KEY_PAIRS_BYTES = 1_048_576;
/** What a credential takes beside its characters, of which several copies are kept. */
const BYTES_PER_CREDENTIAL = 2_048;
const COPIES = 3;
/** In base64, 24 of the 25 characters of a publishable key: they say which secret is compared. */
const KEY_CHARACTERS = 32;

type User = Extract<Principal, { kind: "user" }>;
type Server = Extract<Principal, { kind: "platform" }>;

/** Whose the credentials are that were accepted before: no signature and no hash is made again. */
export interface KnownCredentials {
  /** The user of a whole `Authorization` header, or null where that is to be found out. */
  findUser(header: string): User | null;
  /** The server of a key pair, as Basic has it, or null where that is to be found out. The secret is compared in constant time. */
  findServer(credential: string): Server | null;
  /** To be called before it is found out whose a credential is. The keeper keeps that, unless anything has changed since this call. */
  begin(): Keeper;
}

export interface Keeper {
  keepUser(this: void, header: string, user: User, holds: Bearer["holds"]): void;
  keepServer(this: void, credential: string, server: Server): void;
}

/** Kept until what they were found out from changes in any process, until they end, and while changes can be received. */
export function createKnownCredentials({ changes, clock }: { changes: Changes; clock: Pick<Clock, "now"> }): KnownCredentials {
  const sizeOf = (_found: object, credential: string) => BYTES_PER_CREDENTIAL + COPIES * credential.length;
  const users = createFindingCache<{ user: User; until: number; still: () => boolean }>(changes, BEARERS_BYTES, sizeOf);
  const servers = createFindingCache<{ server: Server; pair: Buffer }>(changes, KEY_PAIRS_BYTES, sizeOf);
  return {
    findUser(header) {
      const found = users.find(header);
      return found && clock.now() < found.until && found.still() ? found.user : null;
    },
    findServer(credential) {
      const found = servers.find(credential.slice(0, KEY_CHARACTERS));
      if (!found) return null;
      const pair = Buffer.from(credential);
      return pair.length === found.pair.length && timingSafeEqual(pair, found.pair) ? found.server : null;
    },
    begin() {
      const [keepUser, keepServer] = [users.begin(), servers.begin()];
      return {
        keepUser: (header, user, { until, still, topics }) => keepUser(header, { user, until, still }, topics),
        keepServer: (credential, server) =>
          keepServer(credential.slice(0, KEY_CHARACTERS), { server, pair: Buffer.from(credential) }, [topicOfApiKey(server.keyId)]),
      };
    },
  };
}
