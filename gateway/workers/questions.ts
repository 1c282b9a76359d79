import type { z } from "zod";

/** Questions to another process, each of which waits for its answer. */
export interface Questions {
  /** Rejects where no answer of this schema comes in time, or can come any more. @param send sends the question by this number. */
  ask<Value>(schema: z.ZodType<Value>, send: (question: number) => void): Promise<Value>;
  /** Takes the answer in. One that is not waited for any more is dropped. */
  settle(question: number, value: unknown): void;
  /** The other process has ended. */
  end(): void;
}

/** @param timeoutMs How long an answer is waited for. */
export function createQuestions(timeoutMs: number): Questions {
  const waiting = new Map<number, { settle: (value: unknown) => void; fail: (error: Error) => void }>();
  let last = 0;
  let hasEnded = false;

  return {
    ask: (schema, send) =>
      new Promise((resolve, reject) => {
        if (hasEnded) return reject(new Error("The other process has ended."));
        const question = (last += 1);
        const timer = setTimeout(() => fail(new Error(`The other process did not answer within ${timeoutMs} ms.`)), timeoutMs);
        const forget = () => {
          clearTimeout(timer);
          waiting.delete(question);
        };
        const fail = (error: Error) => {
          forget();
          reject(error);
        };
        const settle = (value: unknown) => {
          forget();
          const answer = schema.safeParse(value);
          if (answer.success) resolve(answer.data);
          else reject(answer.error);
        };
        waiting.set(question, { settle, fail });
        send(question);
      }),
    settle: (question, value) => waiting.get(question)?.settle(value),
    end() {
      hasEnded = true;
      for (const { fail } of waiting.values()) fail(new Error("The other process has ended."));
    },
  };
}
