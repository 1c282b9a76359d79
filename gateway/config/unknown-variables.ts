import type { Log } from "../runtime/log.ts";
import { findNearest } from "../runtime/nearest.ts";
import type { ConfigFile, Environment } from "./document.ts";
import { environmentSchema } from "./environment.ts";

/** Read beside those of the schema. */
const FILE_VARIABLE = "XKIT_CONFIG";

/** Names of the gateway's own variables. */
export const knownVariables: readonly string[] = [...Object.keys(environmentSchema.shape), FILE_VARIABLE];

/**
 * The variables that are set and begin as the gateway's own do, but that nothing reads: most are typing mistakes. Those that the
 * configuration file names are read.
 */
export function findUnknownVariables(env: Environment, file: ConfigFile | null): string[] {
  const named = file && "text" in file ? new Set([...file.text.matchAll(/\$\{(XKIT_\w+)\}/g)].map(([, name]) => name)) : new Set();
  return Object.keys(env).filter((name) => name.startsWith("XKIT_") && env[name] && !knownVariables.includes(name) && !named.has(name));
}

/** A variable that is not read is no reason to refuse a start: a release before or after this one may read it. */
export function warnOfUnknownVariables(file: ConfigFile | null, log: Pick<Log, "warn">): void {
  for (const variable of findUnknownVariables(process.env, file)) {
    const nearest = findNearest(variable, knownVariables);
    log.warn({ variable, ...(nearest !== null && { nearest }) }, "this is not an environment variable of the gateway: check its spelling");
  }
}
