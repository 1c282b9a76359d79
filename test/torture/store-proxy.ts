import { createServer, connect, type Socket } from "node:net";

/** Between a gateway and its store: a line that can be cut, slowed and reset. */
export interface StoreProxy {
  port: number;
  /** Cut: open connections break, new ones are refused. */
  setCut(isCut: boolean): void;
  /** What passes is held for so long, in milliseconds. 0: not at all. */
  setDelay(milliseconds: number): void;
  /** Breaks what is open. */
  reset(): void;
  close(): Promise<void>;
}

/** Starts a TCP proxy on a free port of 127.0.0.1. */
export async function startStoreProxy(targetPort: number): Promise<StoreProxy> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let delayMs = 0;

  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).once("close", () => sockets.delete(socket));
    return socket;
  };
  const reset = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const pass = (from: Socket, to: Socket) => {
    from.on("data", (bytes) => (delayMs === 0 ? void to.write(bytes) : void setTimeout(() => to.writable && to.write(bytes), delayMs)));
    from.once("close", () => to.destroy());
  };
  const server = createServer((near) => {
    keep(near);
    if (isCut) {
      near.resetAndDestroy();
      return;
    }
    const far = keep(connect(targetPort, "127.0.0.1"));
    pass(near, far);
    pass(far, near);
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port.");

  return {
    port: address.port,
    setCut(next) {
      isCut = next;
      if (isCut) reset();
    },
    setDelay: (milliseconds) => void (delayMs = milliseconds),
    reset,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        reset();
      }),
  };
}
