import type { z } from "zod";
import type { Log } from "../../runtime/log.ts";

/** Kinds of what could not be read that are told of at most. */
const MAXIMUM_KINDS = 100;

/** The entries of a list that can be read. One that cannot, as with a word that is not known here, is left out alone. */
export type ReadEntries = <Entry>(name: string, values: readonly unknown[], schema: z.ZodType<Entry>) => Entry[];

/** Each kind of what cannot be read is told of once. */
export function createEntryReader(log: Pick<Log, "warn">): ReadEntries {
  const told = new Set<string>();

  function tell(entry: string, [issue]: readonly z.core.$ZodIssue[]): void {
    const member = issue?.path.map(String).join(".") ?? "";
    const kind = `${entry} ${member}`;
    if (told.has(kind) || told.size === MAXIMUM_KINDS) return;
    told.add(kind);
    log.warn({ entry, member, problem: issue?.message }, "an entry of the upstream's list is left out");
  }

  return (name, values, schema) =>
    values.flatMap((value) => {
      const { success, data, error } = schema.safeParse(value);
      if (success) return [data];
      tell(name, error.issues);
      return [];
    });
}
