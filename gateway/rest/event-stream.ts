import { requirePlatform, type Context } from "../../schema/context.ts";
import { eventIdSchema, openEvents } from "../../schema/event-feed.ts";
import type { GatewayEvent } from "../../schema/events.ts";
import { parseInput } from "../../schema/input.ts";
import { noteEventStream } from "../http/event-stream.ts";
import type { Exchange } from "../http/pipeline.ts";
import { refuseUnknownParameters } from "./operation.ts";

/** How often a comment is sent while nothing happens, so that no proxy takes the stream for dead, in milliseconds. */
const PING_INTERVAL_MS = 12_000;

/** What the OpenAPI document says of it: no schema parses a stream. */
export const eventStreamOperation = {
  name: "streamEvents",
  path: "/api/platform/events",
  summary: "The events that webhooks receive, as server-sent events: `id`, `event` and `data`, which is the body on one line.",
  parameters: [
    {
      name: "after",
      in: "query",
      schema: { type: "string" },
      description: "Id of the last event that you received. Default: only new events.",
    },
    {
      name: "Last-Event-ID",
      in: "header",
      schema: { type: "string" },
      description: "The same as a header, as browsers send it. It takes precedence.",
    },
  ],
  description: "New events in order, or those after the given one. Events are kept for seven days.",
} as const;

const encoder = new TextEncoder();
const PING = encoder.encode(":\n\n");

/**
 * `GET /api/platform/events`: the events that servers are told, as server-sent events (HTML Living Standard, section 9.2). A client that
 * comes back says the last one that it has, by `Last-Event-ID` or `?after=`.
 */
export async function answerWithEvents({ request }: Pick<Exchange, "request">, createContext: () => Promise<Context>): Promise<Response> {
  const platform = requirePlatform(await createContext());
  const { searchParams } = new URL(request.url);
  refuseUnknownParameters(Object.fromEntries(searchParams), ["after"]);
  const given = request.headers.get("last-event-id") ?? searchParams.get("after");
  const after = given === null ? null : parseInput(eventIdSchema, given, "after");
  const events = await openEvents(platform, after);
  const headers = { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" };
  const stream = toStream(events[Symbol.asyncIterator]());
  const isHead = request.method === "HEAD";
  // No reader would end it.
  if (isHead) await stream.cancel();
  const response = new Response(isHead ? null : stream, { headers });
  noteEventStream(response);
  return response;
}

function toStream(events: AsyncIterator<GatewayEvent>): ReadableStream<Uint8Array> {
  let timer: NodeJS.Timeout | undefined;
  return new ReadableStream({
    start(controller) {
      // Headers are sent with the first byte.
      controller.enqueue(PING);
      timer = setInterval(() => controller.enqueue(PING), PING_INTERVAL_MS).unref();
    },
    async pull(controller) {
      const next = await events.next().catch((error: unknown) => {
        clearInterval(timer);
        throw error;
      });
      if (!next.done) return controller.enqueue(encoder.encode(toText(next.value)));
      clearInterval(timer);
      controller.close();
    },
    async cancel() {
      clearInterval(timer);
      await events.return?.();
    },
  });
}

/** The body is JSON on one line. */
const toText = ({ id, type, body }: GatewayEvent): string => `id: ${id}\nevent: ${type}\ndata: ${body}\n\n`;
