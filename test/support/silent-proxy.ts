import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A way to a server that can be cut, and that can stop to forward anything without a close. */
export interface SilentProxy {
  /** The server's address, through the proxy. */
  url: string;
  /** Closes every connection, and refuses new ones until `restore`. */
  cut(): void;
  restore(): void;
  /** From now on nothing is forwarded, and no connection closes: those that are open stay so for good, and new ones until `forward`. */
  swallow(): void;
  forward(): void;
}

/** Starts a proxy on a free port of 127.0.0.1, before the server of `url`. */
export async function startSilentProxy(url: string): Promise<SilentProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let isSilent = false;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on("error", () => {}).once("close", () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    keep(near);
    if (isSilent) return;
    const far = keep(connect(Number(target.port), target.hostname));
    near.pipe(far).pipe(near);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const proxied = new URL(url);
  if (address && typeof address === "object") proxied.port = String(address.port);
  return {
    url: proxied.href,
    cut() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
    restore: () => void server.listen(Number(proxied.port), "127.0.0.1"),
    swallow() {
      isSilent = true;
      for (const socket of sockets) socket.unpipe();
    },
    forward: () => void (isSilent = false),
  };
}
