import { existsSync, readdirSync, readFileSync } from "node:fs";
import { slugSchema } from "../../schema/input.ts";
import { safeParseJson } from "../runtime/json.ts";

/** The known providers: one file each. The build copies them beside the compiled code. */
const FOLDER = new URL("../providers/data/", import.meta.url);
const EXTENSION = ".json";

/** What is known of a provider, as it is written; undefined where none has the slug. Only the file that is asked for is read. */
export function findProvider(slug: string): unknown {
  if (!slugSchema.safeParse(slug).success) return undefined;
  const file = new URL(`${slug}${EXTENSION}`, FOLDER);
  return existsSync(file) ? safeParseJson(readFileSync(file, "utf8")) : undefined;
}

/** The slugs of all known providers, in the order of the alphabet. */
export const listProviders = (): string[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith(EXTENSION))
    .map((name) => name.slice(0, -EXTENSION.length))
    .toSorted();
