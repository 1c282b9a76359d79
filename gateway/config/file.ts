import { readFileSync } from "node:fs";
import { z } from "zod";
import { DEFAULT_CONFIG_FILE } from "./environment.ts";
import { safeParseJson } from "../runtime/json.ts";
import type { ConfigFile } from "./document.ts";
import { codeOf } from "./explain-error.ts";

/** What `XKIT_CONFIG` names, if anything. */
const namedPath = (): string | undefined => process.env["XKIT_CONFIG"]?.trim() || undefined;

/** The path of the configuration file, which need not be there. */
export const configPath = (): string => namedPath() ?? DEFAULT_CONFIG_FILE;

/** The configuration file that `XKIT_CONFIG` names, else the default one where there is one, else null. */
export function readConfigFile(): ConfigFile | null {
  const named = namedPath();
  const path = configPath();
  try {
    return { path, text: readText(path) };
  } catch (error) {
    const code = codeOf(error);
    if (!named && code === "ENOENT") return null;
    return { path, problem: `${named ? `XKIT_CONFIG names ${path}, which` : path} cannot be read (${code})` };
  }
}

/** The text of a file, without the byte order mark with which some editors begin it. */
export const readText = (path: string): string => readFileSync(path, "utf8").replace(/^\uFEFF/, "");

const documentSchema = z.looseObject({});

type Secretive = "connectors" | "webhooks";

/** The file without its connectors and webhooks, for a command that needs none of their secrets. A file that is no JSON object stays as it is. */
export const withoutSecrets = (file: ConfigFile | null): ConfigFile | null => without(file, ["connectors", "webhooks"]);

/** The file without its connectors, for a command that needs none of their secrets. */
export const withoutConnectors = (file: ConfigFile | null): ConfigFile | null => without(file, ["connectors"]);

function without(file: ConfigFile | null, names: readonly Secretive[]): ConfigFile | null {
  if (!file || "problem" in file) return file;
  const { data } = documentSchema.safeParse(safeParseJson(file.text));
  return data ? { ...file, text: JSON.stringify({ ...data, ...Object.fromEntries(names.map((name) => [name, []])) }) } : file;
}
