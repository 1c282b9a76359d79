import { chromium } from "./chromium.ts";
import { firefox } from "./firefox.ts";
import { webkit } from "./webkit.ts";

/** Every browser there is a test for. `needs` is what titles of tests say where it is missing. */
export const engines = [chromium, firefox, webkit].map((engine) => ({
  ...engine,
  needs: engine.missing === null ? "" : ` [needs ${engine.missing}]`,
}));
