import { Agent, request } from "node:http";

export interface Load {
  port: number;
  body: string;
  headers?: Record<string, string>;
  requests: number;
  /** Requests under way at once, each on a connection that is kept alive. */
  concurrency: number;
}

/** Posts to `/graphql` on this machine, and answers requests per second. Throws when an answer is not what `isGood` expects. */
export async function measureThroughput(
  { port, body, headers = {}, requests, concurrency }: Load,
  isGood: (answer: string) => boolean,
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const post = () =>
    new Promise<string>((resolve, reject) => {
      const options = { host: "127.0.0.1", port, path: "/graphql", method: "POST", agent };
      const all = { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...headers };
      const outgoing = request({ ...options, headers: all }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve(text));
      });
      outgoing.on("error", reject).end(body);
    });
  let left = requests;
  const startedAt = performance.now();
  const worker = async () => {
    while (left-- > 0) {
      const answer = await post();
      if (!isGood(answer)) throw new Error(`Unexpected answer: ${answer.slice(0, 300)}`);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  agent.destroy();
  return requests / ((performance.now() - startedAt) / 1000);
}
