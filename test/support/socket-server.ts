import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { WebSocket } from "ws";
import type { App } from "../../gateway/app.ts";

/** A socket as xkit.js opens it, and what came over it. */
export interface SocketClient {
  socket: WebSocket;
  received: unknown[];
  send(...message: unknown[]): void;
}

/** A port whose upgrades the gateway answers, and clients of it. */
export interface SocketServer {
  http: Server;
  port: number;
  connect(bearer: string, origin?: string, path?: string): Promise<SocketClient>;
  /** Connects, and tells what came of it: "accepted", or the error. */
  refusalOf(bearer: string, origin?: string, path?: string): Promise<string>;
  /** Ends all clients. */
  terminateAll(): void;
  close(): void;
}

/** @param pageOrigin Of the page whose clients connect, unless they say otherwise. */
export async function startSocketServer(upgrade: App["upgrade"], pageOrigin: string): Promise<SocketServer> {
  const http = createServer().on("upgrade", upgrade).listen(0, "127.0.0.1");
  await once(http, "listening");
  const address = http.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const sockets = new Set<WebSocket>();

  async function connect(bearer: string, origin = pageOrigin, path = "/socket/websocket"): Promise<SocketClient> {
    const query = new URLSearchParams({ token: bearer, vsn: "2.0.0" }).toString();
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}?${query}`, { origin });
    sockets.add(socket);
    const received: unknown[] = [];
    socket.on("message", (data) => void received.push(JSON.parse(Buffer.isBuffer(data) ? data.toString() : "null")));
    await once(socket, "open");
    return { socket, received, send: (...message) => socket.send(JSON.stringify(message)) };
  }
  const terminateAll = () => {
    for (const socket of sockets) socket.terminate();
    sockets.clear();
  };

  return {
    http,
    port,
    connect,
    refusalOf: (bearer, origin, path) =>
      connect(bearer, origin, path).then(
        () => "accepted",
        (error: unknown) => String(error),
      ),
    terminateAll,
    close() {
      terminateAll();
      http.close();
    },
  };
}

/** The code with which the other end closes the socket. */
export const closeCodeOf = async (socket: WebSocket): Promise<unknown> => (await once(socket, "close"))[0];
