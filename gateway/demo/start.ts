/** `npm start` from a clone: the command line, with the demo where there is no configuration file. The published package leaves it out. */
import { fileURLToPath } from "node:url";
import { runCommandLine } from "../command-line.ts";

await runCommandLine(process.argv.slice(2), {
  file: fileURLToPath(import.meta.url),
  loadDemo: async () => (await import("./demo.ts")).startDemo,
});
