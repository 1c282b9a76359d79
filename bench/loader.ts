import { once } from "node:events";
import { z } from "zod";
import { type Load, type LoadResult, loadResultSchema } from "./load/load.ts";
import { OTHER_CORE } from "./machine.ts";
import { firstMessage, startPinned } from "./process.ts";

/** A process that sends loads, on the core beside that of the measured process. */
export interface Loader {
  /** Throws when a connection breaks, and when an answer was not what was expected. */
  run(load: Load): Promise<LoadResult>;
  /** Sends it as fast as it goes, until there are so many answers, or for so many seconds. */
  warmUp(load: Load, most: { answers: number; seconds: number }): Promise<void>;
  /** The same, but refused requests are only counted. */
  runLenient(load: Load): Promise<LoadResult>;
  stop(): Promise<void>;
}

const WARM_UP_STEP_SECONDS = 2;

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
  const run = async (load: Load): Promise<LoadResult> => {
    const result = await runLenient(load);
    if (result.failures > 0)
      throw new Error(`${result.failures} of ${result.answers} answers were wrong. The first: ${result.firstFailure}`);
    return result;
  };
  return {
    run,
    runLenient,
    async warmUp(load, most) {
      let answers = 0;
      for (let seconds = 0; seconds < most.seconds && answers < most.answers; seconds += WARM_UP_STEP_SECONDS)
        answers += (await run({ ...load, ratePerSecond: null, seconds: WARM_UP_STEP_SECONDS })).answers;
    },
    stop: () => pinned.stop(),
  };
}
