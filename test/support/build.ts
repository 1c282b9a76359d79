import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const THIS_CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));

/** The gateway as JavaScript: it starts in half of the time. */
export interface Build {
  directory: string;
  /** The command line. */
  cli: string;
  remove(): void;
}

export interface BuildOptions {
  /** The folder whose gateway is compiled. */
  checkout?: string;
  /** The TypeScript project, from that folder on. */
  project?: string;
}

/** Compiles a gateway, types unchecked, into a folder of its own. */
export async function buildGateway({ checkout = THIS_CHECKOUT, project = "tsconfig.build.json" }: BuildOptions = {}): Promise<Build> {
  const cache = join(checkout, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  // Below node_modules, so that packages are found.
  const directory = mkdtempSync(join(cache, "gateway-"));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }));
  const compiler = join(checkout, "node_modules", "typescript", "bin", "tsc");
  const emit = ["--outDir", directory, "--incremental", "false", "--tsBuildInfoFile", "null", "--declaration", "false", "--noCheck"];
  await promisify(execFile)(process.execPath, [compiler, "-p", project, ...emit], { cwd: checkout });
  for (const folder of ["data", "logos"].map((name) => join("gateway", "providers", name)))
    if (existsSync(join(checkout, folder))) cpSync(join(checkout, folder), join(directory, folder), { recursive: true });
  return { directory, cli: cliOf(directory), remove: () => rmSync(directory, { recursive: true, force: true }) };
}

const CHILDREN = ["child", "better-auth-child"] as const;

/** Bundles these sources' command line in a build's folder as it is shipped, and the children beside it: they start in half of the time. */
export async function bundle(directory: string): Promise<void> {
  const children = CHILDREN.map((name) => join(THIS_CHECKOUT, "test", "support", `${name}.ts`));
  await promisify(execFile)(process.execPath, [join(THIS_CHECKOUT, ".ci", "bundle.mjs"), directory, ...children]);
}

/** A child in the folder of a bundled build. */
export const childOf = (directory: string, name: (typeof CHILDREN)[number]): string =>
  join(directory, "gateway", "command-line", `${name}.js`);

/** The command line in a build's folder. */
export const cliOf = (directory: string): string => join(directory, "gateway", "cli.js");

/** The same with the demo, as \`npm start\` runs it. */
export const demoOf = (directory: string): string => join(directory, "gateway", "demo", "start.js");
