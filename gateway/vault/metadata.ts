import type { MetadataEntry } from "../../schema/upstream.ts";
import { readStated } from "../oauth/stated-values.ts";
import type { Log } from "../runtime/log.ts";
import { SealError } from "../store/sealing.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import type { StoredConnection, View } from "./connections.ts";
import { type Keys, openFields, openStated, rowOf } from "./sealed-columns.ts";

/** Creates what reads the metadata of connections: each row once for as long as it is cached. What does not open is logged, and not shown. */
export function createMetadataReader({ log, ...keys }: Keys & { log: Pick<Log, "error"> }): View["metadataOf"] {
  const known = new WeakMap<AuthorizationRow, MetadataEntry[]>();
  return function metadataOf(stored) {
    const { authorization, connector } = stored;
    // Nothing is told before the grant has been given.
    if (!authorization || authorization.version === 0 || Object.keys(connector.metadata).length === 0) return [];
    const entries = known.get(authorization) ?? readOrLog(stored);
    known.set(authorization, entries);
    return entries;
  };

  function readOrLog(stored: StoredConnection): MetadataEntry[] {
    try {
      return read(keys, stored);
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      log.error({ ...rowOf(stored), err: error }, "the values that the provider stated cannot be decrypted");
      return [];
    }
  }
}

function read(keys: Keys, stored: StoredConnection): MetadataEntry[] {
  const { metadata } = stored.connector;
  const stated = { ...openStated(keys, stored), ...readStated("field", openFields(keys, stored), Object.values(metadata)) };
  return Object.entries(metadata).flatMap(([name, source]) => {
    const value = stated[source];
    return value === undefined ? [] : [{ name, value }];
  });
}
