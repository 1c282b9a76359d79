import { casesOf } from "../support/long.ts";
import { engines } from "./engines.ts";
import { describeOtherSite } from "./other-site.ts";

// Chromium as it is keeps third-party cookies: then there is little to see.
for (const engine of casesOf(engines, ({ name }) => name === "Chromium"))
  describeOtherSite(engine, engine.name === "Chromium" ? "blocked" : "default");
