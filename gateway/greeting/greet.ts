import { developmentUsersOf } from "../auth/development-users.ts";
import type { Config } from "../config/config.ts";
import { isDecidedHere } from "../config/upstream.ts";
import { banner } from "./banner.ts";

/** Prints what a developer does next. */
export function greet(config: Config, isDemo: boolean): void {
  // Else the upstream says who its users are.
  const isOurs = isDecidedHere("users", config.upstream);
  console.log(banner(config, isOurs ? developmentUsersOf(config).map(({ name }) => name) : null, isDemo));
}
