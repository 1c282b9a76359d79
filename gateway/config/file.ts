import { readFileSync } from "node:fs";
import { DEFAULT_CONFIG_FILE } from "./environment.ts";
import type { ConfigFile } from "./document.ts";
import { codeOf } from "./explain-error.ts";

/** The configuration file that `XKIT_CONFIG` names, else the default one where there is one, else null. */
export function readConfigFile(): ConfigFile | null {
  const named = process.env["XKIT_CONFIG"]?.trim();
  const path = named || DEFAULT_CONFIG_FILE;
  try {
    return { path, text: readFileSync(path, "utf8") };
  } catch (error) {
    const code = codeOf(error);
    if (!named && code === "ENOENT") return null;
    return { path, problem: `${named ? `XKIT_CONFIG names ${path}, which` : path} cannot be read (${code})` };
  }
}
