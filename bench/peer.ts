import { z } from "zod";
import { SERVER_CORE } from "./machine.ts";
import { findFreePort, firstMessage, listening, type PinnedProcess, startPinned } from "./process.ts";

/** What all peers verify bearers with. */
export const JWT_SECRET = "a-secret-of-the-bench-with-Entropy-0123456789";
/** As long as a token of Slack. */
export const TOKEN = "xoxe.xoxb-1-MS0yLTc0MDQzODU5NjUzNDItNzQwNDM4NTk2NTM0Mi03NDA0Mzg1OTY1MzQyLTEyMzQ1Njc4OTAxMjM0NTY3ODkw";

const readySchema = z.strictObject({ headers: z.record(z.string(), z.string()), body: z.string().nullable() });

export type Peer = PinnedProcess & z.infer<typeof readySchema> & { port: number };

/** Starts one of `bench/peers` on a core. */
export async function startPeer(name: string, env: Record<string, string> = {}, core = SERVER_CORE): Promise<Peer> {
  const port = await findFreePort();
  const own = { PORT: String(port), BENCH_JWT_SECRET: JWT_SECRET, BENCH_TOKEN: TOKEN, NODE_ENV: "production" };
  const pinned = startPinned({ core, words: [`bench/dist/peers/${name}.js`], env: { ...process.env, ...own, ...env }, hasChannel: true });
  const { headers, body } = readySchema.parse(await firstMessage(pinned));
  await listening(pinned, port);
  return { ...pinned, port, headers, body };
}

export interface ProviderOptions {
  /** How long each token takes. */
  latencyMs: number;
  lifetimeSeconds: number;
}

/** Starts the provider beside the load. */
export const startProvider = ({ latencyMs, lifetimeSeconds }: ProviderOptions): Promise<Peer> =>
  startPeer("provider", { BENCH_PROVIDER_MS: String(latencyMs), BENCH_TOKEN_SECONDS: String(lifetimeSeconds) }, 1);
