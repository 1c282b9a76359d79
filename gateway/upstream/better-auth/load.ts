import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError } from "../../config/config.ts";
import type { OpenUpstream } from "../outside/adapter.ts";
import type { BetterAuth } from "./context.ts";
import type { BetterAuthUpstreamOptions } from "./options.ts";

interface Exported {
  auth: BetterAuth;
  xkit: BetterAuthUpstreamOptions;
}

/** Loads better-auth and the operator's module (`XKIT_BETTER_AUTH_MODULE`). Throws `ConfigError` where one is missing. */
export async function loadBetterAuth(path: string): Promise<OpenUpstream> {
  const { betterAuthUpstream } = await load(
    () => import("./adapter.ts"),
    (why) => `XKIT_UPSTREAM=better-auth needs the package better-auth: npm install better-auth (${why})`,
  );
  const exported = await load<object>(
    () => import(pathToFileURL(resolve(path)).href),
    (why) => `XKIT_BETTER_AUTH_MODULE cannot be loaded: ${why}`,
  );
  if (!isExported(exported))
    throw new ConfigError([
      "XKIT_BETTER_AUTH_MODULE must export auth, the value that betterAuth({ … }) returns, and xkit, an object with a connectPage (http or https)",
    ]);
  return betterAuthUpstream(exported.auth, exported.xkit);
}

async function load<Module>(importing: () => Promise<Module>, explain: (why: string) => string): Promise<Module> {
  try {
    return await importing();
  } catch (error) {
    throw new ConfigError([explain(error instanceof Error ? (error.message.split("\n")[0] ?? "") : "it throws")]);
  }
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** The rest of the options is the module's own to type, as `BetterAuthUpstreamOptions`. */
const isExported = (module: object): module is Exported =>
  "auth" in module &&
  isObject(module.auth) &&
  "$context" in module.auth &&
  "xkit" in module &&
  isObject(module.xkit) &&
  "connectPage" in module.xkit &&
  typeof module.xkit.connectPage === "string" &&
  /^https?:$/.test(URL.parse(module.xkit.connectPage)?.protocol ?? "");
