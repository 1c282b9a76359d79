import { setFlagsFromString } from "node:v8";

/**
 * Keeps the compiled code of this process until it ends. V8 drops what was not run during a few garbage collections: after half a minute
 * without requests, those of the next second took up to six times as much CPU. It costs about 5 MB.
 */
export const keepBytecode = (): void => setFlagsFromString("--no-flush-bytecode");
