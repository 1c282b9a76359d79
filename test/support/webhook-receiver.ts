import type { IncomingMessage, ServerResponse } from "node:http";
import { listen } from "./server-io.ts";

/** What came to a receiver. */
export interface ReceivedEvent {
  id: string;
  timestamp: string;
  signature: string;
  body: string;
  /** What it was answered: a status, or how it was not. */
  answered: ReceiverBehaviour;
}

/**
 * How a receiver answers.
 *
 * - a number: this status.
 * - `hang`: not a byte, until it is released or closed.
 * - `drop`: the connection is cut once the event has come.
 * - `endless`: 200, and a body without an end.
 * - `redirect`: 302 to itself.
 */
export type ReceiverBehaviour = number | "hang" | "drop" | "endless" | "redirect";

export interface WebhookReceiver {
  url: string;
  received: ReceivedEvent[];
  /** The next answers, in order; 204 after them. */
  next(...behaviours: ReceiverBehaviour[]): void;
  /** Every answer that `next` says nothing of. Default 204. */
  always(behaviour: ReceiverBehaviour): void;
  /** Answers 204 to all that hangs. */
  release(): void;
  /** Answers that have not ended. */
  openConnections(): number;
  close(): Promise<void>;
}

/** Starts a receiver of webhooks on a free port of 127.0.0.1. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const received: ReceivedEvent[] = [];
  const queue: ReceiverBehaviour[] = [];
  let usual: ReceiverBehaviour = 204;
  const open = new Set<ServerResponse>();
  const server = await listen(async (request, response) => {
    open.add(response);
    response.once("close", () => open.delete(response));
    const body = await readBody(request);
    const answered = queue.shift() ?? usual;
    const header = (name: string) => String(request.headers[name] ?? "");
    received.push({
      id: header("webhook-id"),
      timestamp: header("webhook-timestamp"),
      signature: header("webhook-signature"),
      body,
      answered,
    });
    answer(response, answered);
  });
  return {
    url: `${server.url}/events`,
    received,
    next: (...behaviours) => void queue.push(...behaviours),
    always: (behaviour) => void (usual = behaviour),
    release: () => open.forEach((response) => void response.writeHead(204).end()),
    openConnections: () => open.size,
    close: server.close,
  };
}

function answer(response: ServerResponse, behaviour: ReceiverBehaviour): void {
  if (behaviour === "hang") return;
  if (behaviour === "drop") return void response.destroy();
  if (behaviour === "redirect") return void response.writeHead(302, { location: "/elsewhere" }).end();
  if (behaviour !== "endless") return void response.writeHead(behaviour).end();
  response.writeHead(200);
  const write = () => {
    while (!response.destroyed && response.write("x".repeat(16_384)));
  };
  response.on("drain", write);
  write();
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
