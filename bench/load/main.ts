/** A process that sends loads: each message is one, and is answered with its result, or with the error that ended it. */
import { loadSchema, runLoad } from "./load.ts";

process.on("message", (message) => {
  runLoad(loadSchema.parse(message)).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on("disconnect", () => process.exit());
process.send?.({ ready: true });
