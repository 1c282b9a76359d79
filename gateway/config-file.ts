import { readFileSync } from "node:fs";
import { ConfigError, DEFAULT_CONFIG_FILE } from "./config.ts";
import { codeOf } from "./failure.ts";

/** The configuration file that `XKIT_CONFIG` names, else the default one where there is one. Throws `ConfigError` when it cannot be read. */
export function readConfigFile(): { path: string; text: string } | null {
  const named = process.env["XKIT_CONFIG"]?.trim();
  const path = named || DEFAULT_CONFIG_FILE;
  try {
    return { path, text: readFileSync(path, "utf8") };
  } catch (error) {
    const code = codeOf(error);
    if (!named && code === "ENOENT") return null;
    throw new ConfigError([`${named ? `XKIT_CONFIG names ${path}, which` : path} cannot be read (${code})`]);
  }
}
