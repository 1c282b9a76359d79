import { fork } from "node:child_process";
import { once } from "node:events";
import { inject } from "vitest";
import { z } from "zod";
import type { BetterAuthWorld } from "./better-auth-gateways.ts";
import { childOf } from "./build.ts";
import { PUBLIC_URL } from "./test-app.ts";
import { TOKEN_QUERY, type TokenAnswer, tokenAnswerSchema } from "./vault.ts";

const answersSchema = z.array(z.object({ data: z.object({ accessToken: tokenAnswerSchema }) }));

/** Starts an app with better-auth and a gateway in a process of its own, over the two stores of a world. */
export async function startBetterAuthProcess({ provider, stores, env, isSealing }: BetterAuthWorld) {
  const { url, client } = provider;
  const options = { provider: { url, client }, database: stores.betterAuth, isSealing, env, publicUrl: PUBLIC_URL, query: TOKEN_QUERY };
  const child = fork(childOf(inject("gatewayBuild"), "better-auth-child"), [JSON.stringify(options)], { execArgv: [] });
  const exited = once(child, "exit");
  const answer = async (): Promise<unknown> => {
    const [message] = await Promise.race([
      once(child, "message"),
      exited.then(() => Promise.reject(new Error("The child ended before it answered."))),
    ]);
    return message;
  };
  await answer();
  return {
    /** Asks for ada's token so many times at once. */
    async ask(times: number): Promise<TokenAnswer[]> {
      const answered = answer();
      child.send(times);
      return answersSchema.parse(await answered).map(({ data }) => data.accessToken);
    },
    async stop() {
      child.kill("SIGKILL");
      await exited.catch(() => {});
    },
  };
}
