import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Log } from "../runtime/log.ts";
import type { KeyUse } from "../store/key-ids.ts";
import { keyIdOf, type Sealer } from "../store/sealing.ts";

/** Files kept at most, and bytes of each. What is beyond is kept in memory alone. */
const MAXIMUM_FILES = 1_000;
const MAXIMUM_FILE_BYTES = 262_144;
/** File modes: for the account that the gateway runs under alone. */
const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;
const ENDING = ".sealed";

const placeSchema = z.strictObject({
  connectionId: z.string(),
  authorizationId: z.string(),
  /** Of the authorization that the tokens are for, before it has them. */
  version: z.int().nonnegative(),
});

const refreshedSchema = placeSchema.extend({
  /** The kind of the tokens. Left out: there is one, without a name. */
  tokenKind: z.string().nullable().default(null),
  columns: z.strictObject({
    sealed_access_token: z.string(),
    sealed_refresh_token: z.string().nullable(),
    /** Earlier releases keep no stated values. */
    sealed_stated: z.string().nullable().default(null),
    grant_expires_at: z.int().nullable().default(null),
    token_type: z.string(),
    granted_scopes: z.string(),
    issued_at: z.int(),
    expires_at: z.int().nullable(),
    version: z.int().positive(),
  }),
});

const issuedSchema = z.strictObject({
  accessToken: z.string(),
  refreshToken: z.string().nullable(),
  tokenType: z.string(),
  expiresInSeconds: z.number().nullable(),
  refreshExpiresInSeconds: z.number().nullable().default(null),
  scopes: z.array(z.string()).readonly().nullable(),
});

const firstSchema = placeSchema.extend({
  /** Who connects. */
  userId: z.string(),
  /** The connection's authorization when its code was exchanged. */
  replaces: z.string().nullable(),
  granted: z.strictObject({
    tokens: issuedSchema.extend({
      misread: z.array(z.string()).readonly(),
      /** Earlier releases write `idTokenClaims`, and no stated values. */
      idTokenClaims: z.null().optional(),
      stated: z.record(z.string(), z.string()).default({}),
      /** Of further kinds, by kind. */
      further: z.record(z.string(), issuedSchema).optional(),
    }),
    /** Before the code was sent: milliseconds. */
    askedAt: z.int(),
    /** The client that sent the code. Earlier releases do not keep it. */
    clientId: z.string().nullable().default(null),
    /** Whether the provider's userinfo took the access token. */
    isKnownToUserInfo: z.boolean(),
    account: z
      .strictObject({
        id: z.string().nullable(),
        label: z.string().nullable(),
        idPath: z.string().nullable(),
        idAtKnownPath: z.string().nullable(),
      })
      .nullable(),
  }),
});

const contentSchema = z.union([refreshedSchema, firstSchema]);

interface SpoolFile {
  path: string;
  forget: () => void;
}

/** Tokens of a refresh that a store could not take, as the columns that they change. */
export type RefreshedTokens = z.output<typeof refreshedSchema>;
/** The same, to be written. */
type KeptTokens = z.input<typeof refreshedSchema>;
/** The first tokens of an authorization that a store could not take, with what finishing it needs. */
export type FirstTokens = z.output<typeof firstSchema>;
/** What a provider answered to a code. */
export type Granted = FirstTokens["granted"];
export type SpooledTokens = (RefreshedTokens | FirstTokens) & SpoolFile;

/** New tokens that wait for the store, as sealed files: they outlive the process. */
export interface Spool {
  /** Writes a file, whole or not at all. Never throws: a failure is logged. The answer deletes the file. */
  keep(tokens: KeptTokens | FirstTokens): () => void;
  /** What earlier processes left. A file that cannot be read stays as it is, and is logged: its key may come back. */
  list(): SpooledTokens[];
}

export function createSpool({ directory, sealer, log }: { directory: string; sealer: Sealer; log: Log }): Spool {
  /** Deletes a file. One that stays is dropped at the next start, as its version no longer fits. */
  const forget = (path: string) => () => {
    try {
      rmSync(path, { force: true });
    } catch (err) {
      log.warn({ path, err }, "a spooled token was stored, but its file cannot be deleted");
    }
  };

  return {
    keep(tokens) {
      const { connectionId: connection, authorizationId, version } = tokens;
      const name = `${authorizationId}.${version}${ENDING}`;
      try {
        writeWhole(directory, name, sealer.seal(JSON.stringify(tokens), contextOf(name)));
      } catch (err) {
        log.error({ connection, directory, err }, "the spool cannot be written: new tokens are kept only in memory");
      }
      return forget(join(directory, name));
    },

    list() {
      const names = listFolder(directory).filter((name) => name.endsWith(ENDING));
      return names.flatMap((name) => {
        const path = join(directory, name);
        try {
          return { ...readContent(sealer, path, name), path, forget: forget(path) };
        } catch (err) {
          log.error({ path, err }, "a spooled token cannot be read: add its key to XKIT_ENCRYPTION_KEYS again, or delete its file");
          return [];
        }
      });
    },
  };
}

/** How many files of a spool name each key. Files that are no envelopes are left out. */
export function listSpoolKeyUses(directory: string): KeyUse[] {
  const files = new Map<string, number>();
  for (const name of listFolder(directory).filter((each) => each.endsWith(ENDING))) {
    try {
      const keyId = keyIdOf(readText(join(directory, name)));
      files.set(keyId, (files.get(keyId) ?? 0) + 1);
    } catch {
      // `list` tells of it.
    }
  }
  return [...files].map(([keyId, values]) => ({ keyId, values, columns: [{ name: "spool", values }] }));
}

const contextOf = (name: string): string => `spool:${name}`;

function listFolder(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** By way of a draft: another process, and a start after a crash, see the whole file or none. */
function writeWhole(directory: string, name: string, text: string): void {
  if (text.length > MAXIMUM_FILE_BYTES) throw new RangeError(`A spooled token has at most ${MAXIMUM_FILE_BYTES} bytes.`);
  mkdirSync(directory, { recursive: true, mode: OWNER_ONLY_FOLDER });
  if (readdirSync(directory).length >= MAXIMUM_FILES) throw new RangeError(`The spool has at most ${MAXIMUM_FILES} files.`);
  const draft = join(directory, `${name}.${randomUUID()}`);
  const file = openSync(draft, "wx", OWNER_ONLY_FILE);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
    renameSync(draft, join(directory, name));
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function readContent(sealer: Sealer, path: string, name: string): z.output<typeof contentSchema> {
  const opened: unknown = JSON.parse(sealer.open(readText(path), contextOf(name)));
  return contentSchema.parse(opened);
}

function readText(path: string): string {
  const { size } = statSync(path);
  if (size > MAXIMUM_FILE_BYTES) throw new RangeError(`A spooled token has at most ${MAXIMUM_FILE_BYTES} bytes, not ${size}.`);
  return readFileSync(path, "utf8");
}
