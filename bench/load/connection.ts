import { connect } from "node:net";

const HEAD_END = "\r\n\r\n";
const LAST_CHUNK = "0\r\n\r\n";

/** One kept connection of HTTP/1.1, on which one request is under way at a time. */
export interface Connection {
  ask(request: Buffer, onAnswer: (status: number, body: string) => void): void;
  /** Called when the server ends the connection, or it fails. */
  onBroken(listener: (error: Error) => void): void;
  close(): void;
}

/** Connects to a port of this machine. Throws when nothing listens there. */
export function openConnection(port: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let received = "";
    let onAnswer: ((status: number, body: string) => void) | null = null;
    let onBroken: (error: Error) => void = reject;
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () =>
      resolve({
        ask(request, listener) {
          onAnswer = listener;
          socket.write(request);
        },
        onBroken: (listener) => void (onBroken = listener),
        close: () => void socket.destroy(),
      }),
    );
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      const bodyAt = bodyOf(received);
      if (bodyAt === null) return;
      const answer = received;
      received = "";
      onAnswer?.(Number(answer.slice(9, 12)), answer.slice(bodyAt));
    });
    socket.on("error", (error) => onBroken(error));
    socket.on("close", () => onBroken(new Error(`The server at port ${port} closed a connection.`)));
  });
}

/** Where the body of a whole answer begins; null while some of it is missing. A character is a byte (`latin1`). */
function bodyOf(received: string): number | null {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return null;
  const bodyAt = headEnd + HEAD_END.length;
  const length = /\r\ncontent-length: *(\d+)/i.exec(received.slice(0, headEnd))?.[1];
  const isWhole = length === undefined ? received.endsWith(LAST_CHUNK) : received.length >= bodyAt + Number(length);
  return isWhole ? bodyAt : null;
}
