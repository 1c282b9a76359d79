import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import { GatewayError, isTemporary } from "../../schema/errors.ts";
import { idSchema } from "../../schema/input.ts";
import type { Authorization, ViewerConnections } from "../../schema/upstream.ts";
import { failureOf } from "../http/failure.ts";
import type { Log } from "../runtime/log.ts";
import { createConcurrencyLimit, type CreateConcurrencyLimit } from "../runtime/concurrency-limit.ts";
import { safeParseJson } from "../runtime/json.ts";

/** Where xkit.js connects (contract, "Socket"). */
export const SOCKET_PATH = "/socket/websocket";
/** Longest message a client may send. Ours are a hundred bytes. */
export const MAXIMUM_MESSAGE_BYTES = 4_096;
/** Authorizations that one socket may follow at a time. */
export const MAXIMUM_JOINS = 8;
/** Bytes that may wait in memory for the client of one socket to read them. With more, it is cut. */
export const MAXIMUM_UNREAD_BYTES = 65_536;
/** Sockets of one process, those that are being opened among them. */
export const MAXIMUM_SOCKETS = 1_000;
/** Sockets of one user: xkit.js holds one in each page. */
export const MAXIMUM_SOCKETS_PER_USER = 20;
/** The holder that all of a process count for. */
const WHOLE_PROCESS = "";
/** A socket that says nothing for so long is dead: clients send a heartbeat every 15 or 30 s. */
const SILENCE_LIMIT_MS = 90_000;
/** RFC 6455 section 7.4.1: going away, and policy violation. */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;
const TOPIC_PREFIX = "authorization_status:";

/** A signed-in user at a socket. */
export interface Subscriber {
  userId: string;
  connections: Pick<ViewerConnections, "watchAuthorization">;
  /** Whether they are still signed in, in the same group. */
  stillAllowed(this: void): Promise<boolean>;
}

interface Dependencies {
  /** Who a bearer belongs to. Throws a `GatewayError` for one that is no good, and RATE_LIMITED when the client had too many of them. */
  identify(bearer: string, request: IncomingMessage): Promise<Subscriber>;
  isValidOrigin(origin: string): boolean;
  /** Calls back when the session or group of a user may have changed. */
  onSignInChange(listener: () => void): () => void;
  log: Pick<Log, "error">;
  /** Counts the sockets of each user. Default: this process counts alone. */
  createUserLimit?: CreateConcurrencyLimit | undefined;
}

/** Follows authorizations over WebSockets: the small part of Phoenix channels, version 2, that xkit.js uses. */
export interface StatusChannel {
  /** Takes an upgrade over, or refuses it with 401, 403, 404, 429 or 503. The address holds a token: it is never logged. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes every socket, and refuses those that are being opened. */
  close(): void;
}

/** `[join_ref, ref, topic, event, payload]` (phoenix, assets/js/phoenix/serializer.js). */
const messageSchema = z.tuple([z.string().nullable(), z.string().nullable(), z.string(), z.string(), z.unknown()]);
type Message = z.output<typeof messageSchema>;
type Joining = Promise<AsyncIterator<Authorization>>;

export function createStatusChannel({
  identify,
  isValidOrigin,
  onSignInChange,
  log,
  createUserLimit = createConcurrencyLimit,
}: Dependencies): StatusChannel {
  const server = new WebSocketServer({ noServer: true, maxPayload: MAXIMUM_MESSAGE_BYTES, perMessageDeflate: false });
  const subscribers = new Map<WebSocket, Subscriber>();
  const all = createConcurrencyLimit(MAXIMUM_SOCKETS);
  const own = createUserLimit(MAXIMUM_SOCKETS_PER_USER);
  const endOf = onSignInChange(() => void dismissEnded());
  let isClosed = false;

  async function dismissEnded(): Promise<void> {
    for (const [socket, subscriber] of subscribers) {
      try {
        if (!(await subscriber.stillAllowed())) socket.close(POLICY_VIOLATION, "signed out");
      } catch (error) {
        // Of this one nothing is known: the others are looked at all the same, and this one again when it speaks.
        if (!isTemporary(error)) log.error({ err: error }, "unexpected error");
      }
    }
  }

  async function accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const address = request.url ?? "/";
    // Looked at first, because the failure would quote it.
    if (!URL.canParse(address, "http://gateway")) return refuse(socket, 404);
    const url = new URL(address, "http://gateway");
    if (url.pathname !== SOCKET_PATH) return refuse(socket, 404);
    if (request.headers.origin !== undefined && !isValidOrigin(request.headers.origin)) return refuse(socket, 403);
    const bearer = url.searchParams.get("token") ?? "";
    // No credential is no bad credential.
    if (bearer === "") return refuse(socket, 401);
    // Before anything is waited for: all who come at once are counted.
    if (!holdWhileOpen(socket, all.acquire(WHOLE_PROCESS))) return refuse(socket, 503);
    try {
      const subscriber = await identify(bearer, request);
      if (!holdWhileOpen(socket, await own.acquire(subscriber.userId))) return refuse(socket, 429);
      if (isClosed) return refuse(socket, 503);
      server.handleUpgrade(request, socket, head, (opened) => serve({ subscribers, log }, opened, subscriber));
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      const { status, facts } = failureOf(error);
      refuse(socket, status === 429 || status === 503 ? status : 401, facts.retryAfter);
    }
  }

  return {
    upgrade(request, socket, head) {
      socket.on("error", () => socket.destroy());
      accept(request, socket, head).catch((error: unknown) => {
        log.error({ err: error }, "unexpected error");
        refuse(socket, 500);
      });
    },
    close() {
      isClosed = true;
      endOf();
      for (const socket of server.clients) socket.close(GOING_AWAY, "stopping");
    },
  };
}

/** Answers the messages of one socket until it closes or falls silent. */
function serve(
  { subscribers, log }: { subscribers: Map<WebSocket, Subscriber>; log: Dependencies["log"] },
  socket: WebSocket,
  subscriber: Subscriber,
): void {
  const joined = new Map<string, Joining>();
  const silence = setTimeout(() => socket.terminate(), SILENCE_LIMIT_MS).unref();
  subscribers.set(socket, subscriber);
  socket.on("error", () => socket.terminate());
  socket.on("close", () => {
    clearTimeout(silence);
    subscribers.delete(socket);
    for (const joining of joined.values()) end(joining);
  });
  socket.on("message", (data, isBinary) => {
    silence.refresh();
    const message = isBinary || !Buffer.isBuffer(data) ? undefined : messageSchema.safeParse(safeParseJson(data.toString())).data;
    if (!message) return socket.close(POLICY_VIOLATION, "not a message of Phoenix channels, version 2");
    receive(socket, subscriber, joined, message).catch((error: unknown) => {
      log.error({ err: error }, "unexpected error");
      socket.close(1011);
    });
  });
}

async function receive(
  socket: WebSocket,
  { connections, stillAllowed }: Subscriber,
  joined: Map<string, Joining>,
  [joinRef, ref, topic, event]: Message,
): Promise<void> {
  const send = (...message: Message): boolean => {
    if (socket.bufferedAmount > MAXIMUM_UNREAD_BYTES) socket.terminate();
    const isOpen = socket.readyState === socket.OPEN;
    if (isOpen) socket.send(JSON.stringify(message));
    return isOpen;
  };
  const reply = (status: "ok" | "error", response: object) => send(joinRef, ref, topic, "phx_reply", { status, response });
  const leave = () => {
    end(joined.get(topic));
    joined.delete(topic);
  };

  if (topic === "phoenix" && event === "heartbeat") {
    // A bearer that expires is no change of the store: looked at as often as the client shows that it lives.
    return void ((await isAllowedOrUnknown(stillAllowed)) ? reply("ok", {}) : socket.close(POLICY_VIOLATION, "signed out"));
  }
  if (event === "phx_leave") return (leave(), void reply("ok", {}));
  const id = topic.startsWith(TOPIC_PREFIX) ? idSchema.safeParse(topic.slice(TOPIC_PREFIX.length)).data : undefined;
  if (event !== "phx_join" || id === undefined) return void reply("error", { reason: "unmatched topic" });
  leave();
  if (joined.size >= MAXIMUM_JOINS) return void reply("error", { reason: "too many topics" });

  const joining = connections.watchAuthorization(id).then((authorizations) => authorizations[Symbol.asyncIterator]());
  joined.set(topic, joining);
  // Another join of the topic may have taken its place by now.
  const isJoined = () => joined.get(topic) === joining;
  try {
    const authorizations = await joining.catch(refusalOf);
    if ("reason" in authorizations) return void reply("error", authorizations);
    const first = await authorizations.next();
    if (first.done) return void reply("error", { reason: "not found" });
    reply("ok", { status: first.value.status });
    for (let next = await authorizations.next(); !next.done && isJoined(); next = await authorizations.next())
      send(joinRef, null, topic, "status_update", { status: next.value.status });
  } finally {
    if (isJoined()) joined.delete(topic);
    end(joining);
  }
}

function end(joining: Joining | undefined): void {
  joining?.then(
    (authorizations) => authorizations.return?.(),
    () => {},
  );
}

/** Releases what was acquired when the socket closes; false where nothing was. */
function holdWhileOpen(socket: Duplex, release: (() => void) | null): boolean {
  if (!release) return false;
  if (socket.closed) release();
  else socket.once("close", release);
  return true;
}

/** While the store is away, every user stays signed in, and nothing is shown. */
async function isAllowedOrUnknown(stillAllowed: () => Promise<boolean>): Promise<boolean> {
  try {
    return await stillAllowed();
  } catch (error) {
    if (isTemporary(error)) return true;
    throw error;
  }
}

function refusalOf(error: unknown): { reason: string } {
  if (error instanceof GatewayError) return { reason: error.message };
  throw error;
}

const reasons: Record<number, string> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
  500: "Error",
  503: "Unavailable",
};

/** @param retryAfter in seconds. */
function refuse(socket: Duplex, status: number, retryAfter?: number): void {
  // Half open, it would keep its place for as long as the client likes.
  socket.once("finish", () => socket.destroy());
  const wait = retryAfter === undefined ? "" : `retry-after: ${Math.ceil(retryAfter)}\r\n`;
  socket.end(`HTTP/1.1 ${status} ${reasons[status] ?? ""}\r\n${wait}connection: close\r\ncontent-length: 0\r\n\r\n`);
}
