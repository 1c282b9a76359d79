import { once } from "node:events";
import { z } from "zod";
import { type Load, type LoadResult, loadResultSchema } from "./load/load.ts";
import { OTHER_CORE } from "./machine.ts";
import { firstMessage, startPinned } from "./process.ts";

/** A process that sends loads, on the core beside that of the measured process. */
export interface Loader {
  /** Throws when a connection breaks, and when an answer was not what was expected. */
  run(load: Load): Promise<LoadResult>;
  /** The same, but refused requests are only counted. */
  runLenient(load: Load): Promise<LoadResult>;
  stop(): Promise<void>;
}

const answerSchema = z.union([z.strictObject({ result: loadResultSchema }), z.strictObject({ error: z.string() })]);

export async function startLoader(): Promise<Loader> {
  const pinned = startPinned({ core: OTHER_CORE, words: ["bench/dist/load/main.js"], env: process.env, hasChannel: true });
  await firstMessage(pinned);
  const runLenient = async (load: Load): Promise<LoadResult> => {
    const message = once(pinned.child, "message");
    pinned.child.send(load);
    const answer = answerSchema.parse((await message)[0]);
    if ("error" in answer) throw new Error(answer.error);
    return answer.result;
  };
  return {
    runLenient,
    async run(load) {
      const result = await runLenient(load);
      if (result.failures > 0)
        throw new Error(`${result.failures} of ${result.answers} answers were wrong. The first: ${result.firstFailure}`);
      return result;
    },
    stop: () => pinned.stop(),
  };
}
