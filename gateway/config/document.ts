import { findJsonFault, safeParseJson } from "../runtime/json.ts";

/** The configuration file's text, or why there is none; `path` names it in problems. */
export type ConfigFile = { path: string; text: string } | { path: string; problem: string };

export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration file's content. */
export interface Document {
  isJson: boolean;
  value: unknown;
  problems: string[];
  /** Where a variable was missing: nothing else is said about these. */
  unsetPaths: Set<string>;
}

/** Where there is no file: the platform is the gateway's own. */
export const NO_FILE: Document = { isJson: true, value: { platform: { name: "Xkit Gateway" } }, problems: [], unsetPaths: new Set() };

/** The file as JSON, with each `${NAME}` in a text replaced from the environment. */
export function parseFile(file: ConfigFile, env: Environment): Document {
  const problems: string[] = [];
  const unsetPaths = new Set<string>();
  if ("problem" in file) return { isJson: false, value: undefined, problems: [file.problem], unsetPaths };

  const replace = (text: string, path: string): string =>
    text.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_match, name: string) => {
      const replacement = Object.hasOwn(env, name) ? env[name] : undefined;
      if (replacement) return replacement;
      problems.push(`${file.path} ${path} refers to the environment variable ${name}, which is not set`);
      unsetPaths.add(path);
      return "";
    });

  const substitute = (value: unknown, path: string): unknown => {
    const below = (name: string | number) => (path ? `${path}.${name}` : String(name));
    if (typeof value === "string") return replace(value, path);
    if (Array.isArray(value)) return value.map((entry, index) => substitute(entry, below(index)));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, substitute(entry, below(name))]));
  };

  const value = safeParseJson(file.text);
  if (value === undefined) return { isJson: false, value, problems: [`${file.path} is not valid JSON${sayFault(file.text)}`], unsetPaths };
  return { isJson: true, value: substitute(value, ""), problems, unsetPaths };
}

/** Where the text is no JSON, and nothing of the text: it holds secrets. */
function sayFault(text: string): string {
  const at = findJsonFault(text);
  if (at === null) return "";
  if (at >= text.trimEnd().length) return ": it ends too early";
  const lines = text.slice(0, at).split("\n");
  return `: look at line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`;
}
