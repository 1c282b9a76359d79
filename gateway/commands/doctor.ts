import { ConfigError, type Config, parseConfig } from "../config/config.ts";
import { readConfigFile } from "../config/file.ts";
import type { ConfigFile } from "../config/document.ts";
import { findUnknownVariables } from "../config/unknown-variables.ts";
import type { Check } from "./check.ts";
import { findingsOf, type Finding } from "./connector-findings.ts";
import { checkDisk, checkListening, checkPublicUrl } from "./machine-checks.ts";
import { printRows, type PrintOptions } from "./print-rows.ts";
import { checkStore } from "./store-checks.ts";

/**
 * `doctor`: a line for each thing that a gateway needs: configuration, store, keys, clock, listening, disk, public URL, providers. Changes
 * nothing. Exits 1 when one is an error.
 */
export async function runDoctor(options: PrintOptions): Promise<void> {
  const checks = await checkAll(readConfigFile());
  printRows(checks, ({ about, level, text }) => `${level.padEnd(LEVEL_WIDTH)}  ${about}: ${text}`, options, "No checks.");
  if (checks.some(({ level }) => level === "error")) process.exitCode = 1;
}

const LEVEL_WIDTH = "warning".length;

async function checkAll(file: ConfigFile | null): Promise<Check[]> {
  const unknown = findUnknownVariables(process.env, file).map((name): Check => ({
    about: "configuration",
    level: "warning",
    text: `${name} is not an environment variable of the gateway: check its spelling`,
  }));
  const config = parse(file);
  if (config instanceof ConfigError) return [...config.problems.map(toError), ...unknown];
  const groups = await Promise.all([
    checkStore(config),
    checkListening(config),
    checkDisk(config),
    checkPublicUrl(config),
    checkProviders(config),
  ]);
  const where = file ? file.path : "no configuration file, so the demo runs";
  return [{ about: "configuration", level: "ok", text: `${where}; ${config.mode}` }, ...unknown, ...groups.flat()];
}

function parse(file: ConfigFile | null): Config | ConfigError {
  try {
    return parseConfig(process.env, file);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

const toError = (text: string): Check => ({ about: "configuration", level: "error", text });

/** One line for each connector: the worst that `connectors check` finds. */
async function checkProviders({ connectors, publicUrl, providerTimeoutMs: timeoutMs }: Config): Promise<Check[]> {
  const checks = [...connectors.values()].map(async (connector): Promise<Check> => {
    const findings = await findingsOf(connector, { publicUrl, timeoutMs });
    const worst = findings.find(isError) ?? findings.find(({ level }) => level === "warning");
    const about = `connector ${connector.slug}`;
    return worst
      ? { about, level: isError(worst) ? "error" : "warning", text: worst.text }
      : { about, level: "ok", text: "no problem found" };
  });
  return Promise.all(checks);
}

const isError = ({ level }: Finding): boolean => level === "error";
