import type { Plugin } from "vite";
import { tokensByScheme } from "../design/tokens.ts";

/** Puts the tokens into the catalog's styles, which the gateway's own pages have too. */
export const withTokens: Plugin = {
  name: "with-tokens",
  enforce: "pre",
  transform: (code, id) => (/\/catalog\/styles\.css(\?|$)/.test(id) ? code.replace("--xk-tokens: ;", tokensByScheme) : null),
};
