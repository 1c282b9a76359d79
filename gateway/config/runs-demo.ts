import type { Config } from "./config.ts";
import type { ConfigFile } from "./document.ts";
import { isDecidedHere } from "./upstream.ts";

/** Whether a gateway has no configuration file, so that only the demo can show what it does. */
export const runsDemo = ({ mode, upstream }: Pick<Config, "mode" | "upstream">, file: ConfigFile | null): boolean =>
  file === null && mode === "development" && isDecidedHere("connectors", upstream);
