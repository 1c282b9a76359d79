import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { inject } from "vitest";
import { z } from "zod";
import { childOf } from "./build.ts";
import { PUBLIC_URL, type TestApp } from "./test-app.ts";
import { TOKEN_QUERY, type TokenAnswer, tokenAnswerSchema } from "./vault.ts";

const answersSchema = z.array(tokenAnswerSchema);
const responseSchema = z.object({ status: z.int(), text: z.string() });

/** A gateway in a process of its own, over the store of a test. */
export interface ChildGateway {
  /** Asks for the token so many times at once; resolves with every answer. */
  ask(times: number): Promise<TokenAnswer[]>;
  /** Moves its clock on. */
  advance(milliseconds: number): Promise<void>;
  /** Makes so many users known, one after the other. */
  provision(prefix: string, times: number): Promise<void>;
  /** Sends a request to it: a GET without a body, else a POST. */
  send(path: string, headers: Record<string, string>, body?: string): Promise<{ status: number; text: string }>;
  kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM"): Promise<void>;
}

export interface ChildOptions {
  /** How far its clock, which otherwise stands at the test's now, is later. */
  aheadMs?: number;
  /** How wrong its machine's clock is. */
  clockLeadMs?: number;
  /** Whether its sleeps end at once, and its clock is so much later. Default: false. */
  skipsSleeps?: boolean;
  /** How Postgres shows its connections. */
  name?: string;
  /** The webhooks of its configuration file. Default: none. */
  webhooks?: readonly object[];
  /** Stops itself by SIGSTOP when undici first publishes on this diagnostics channel; its clock is `forMs` later when it goes on. */
  pause?: { channel: string; forMs: number; /** A file that it makes right before. */ noteIn: string };
}

/** Starts a child whose clock stands at the test's now, `aheadMs` later, and runs on from there. */
export async function startChild(test: TestApp, userId: string, options: ChildOptions = {}): Promise<ChildGateway> {
  const child = fork(childOf(inject("gatewayBuild"), "child"), [JSON.stringify(configurationOf(test, userId, options))], {
    execArgv: [],
    // How its connections are told from others', in Postgres.
    env: { ...process.env, PGAPPNAME: options.name ?? "child" },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const { exited, answer } = listenTo(child);
  const order = (message: object): Promise<unknown> => {
    child.send(message);
    return answer();
  };
  await answer();
  return {
    ask: async (times) => answersSchema.parse(await order({ ask: times })),
    advance: async (milliseconds) => void (await order({ advance: milliseconds })),
    provision: async (prefix, times) => void (await order({ provision: times, prefix })),
    send: async (path, headers, body) => responseSchema.parse(await order({ path, headers, body })),
    async kill(signal) {
      child.kill(signal);
      if (signal === "SIGKILL" || signal === "SIGTERM") await exited;
    },
  };
}

/** What `child.ts` reads at its start. */
function configurationOf(
  test: TestApp,
  userId: string,
  { aheadMs = 0, clockLeadMs = 0, skipsSleeps = false, webhooks = [], pause }: ChildOptions,
) {
  const { providerFacts: provider, client } = test.provider;
  const [key] = test.config.sealingKeys ?? [];
  const connector = { slug: "test", name: "Test", provider, client_id: client.clientId, client_secret: client.clientSecret };
  return {
    env: {
      XKIT_PUBLIC_URL: PUBLIC_URL,
      DATABASE_URL: test.database.url,
      XKIT_SPOOL_DIR: test.config.spoolDirectory,
      XKIT_ENCRYPTION_KEYS: `${key?.id}:${key?.secret.toString("base64")}`,
    },
    file: JSON.stringify({ platform: { name: "Acme" }, connectors: [{ ...connector, scopes: ["read", "write"] }], webhooks }),
    userId,
    query: TOKEN_QUERY,
    startsAt: test.clock.now() + aheadMs,
    clockLeadMs,
    skipsSleeps,
    pause: pause ?? null,
  };
}

/** Its next message. Rejects with what it has printed when it ends instead. */
function listenTo(child: ChildProcess): { exited: Promise<unknown>; answer(): Promise<unknown> } {
  const complaints: string[] = [];
  if (child.stderr) createInterface(child.stderr).on("line", (line) => complaints.push(line));
  const exited = once(child, "exit");
  const ended = () => exited.then(() => [new Error(`The child ended: ${complaints.join("\n")}`)]);
  return {
    exited,
    async answer() {
      const [first] = await Promise.race([once(child, "message"), ended()]);
      if (first instanceof Error) throw first;
      return first;
    },
  };
}
