import { engines } from "./engines.ts";
import { describeOtherSite } from "./other-site.ts";

for (const engine of engines) for (const cookies of ["default", "allowed", "blocked"] as const) describeOtherSite(engine, cookies);
