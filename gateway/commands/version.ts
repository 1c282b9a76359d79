import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { safeParseJson } from "../runtime/json.ts";

const packageSchema = z.object({ name: z.literal("xkit-gateway"), version: z.string() });

/** The version of the package that a file belongs to. Throws if no folder above it has a package. */
export function readVersion(file: string): string {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, "package.json");
    const { data } = packageSchema.safeParse(existsSync(path) ? safeParseJson(readFileSync(path, "utf8")) : null);
    if (data) return data.version;
  }
  throw new Error(`No folder above ${file} has the package.json of xkit-gateway.`);
}
