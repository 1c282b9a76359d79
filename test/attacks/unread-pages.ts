/** 150 sockets ask for GraphiQL's page and its largest file and never read: prints the memory of the built gateway. `npx tsx test/attacks/unread-pages.ts` */
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { startGateway } from "../../bench/gateway.ts";

const SOCKETS = 150;
const UNREAD_MS = 15_000;
const HEADERS = "Host: localhost\r\nAccept: text/html\r\nAccept-Encoding: identity\r\n\r\n";

const gateway = await startGateway({ env: { XKIT_GRAPHIQL: "on" } });
const report = (when: string) => console.log(`${when}: ${gateway.residentMegabytes().toFixed(0)} MB`);
const page = await fetch(`http://localhost:${gateway.port}/graphql`, { headers: { accept: "text/html" } });
const text = await page.text();
console.log(`the page has ${text.length} characters, encoded as ${page.headers.get("content-encoding") ?? "identity"}`);
report("before");

async function attack(path: string): Promise<void> {
  const sockets: Socket[] = [];
  for (let count = 0; count < SOCKETS; count += 1) {
    const socket = connect(gateway.port, "127.0.0.1").pause();
    socket.on("error", () => {});
    socket.write(`GET ${path} HTTP/1.1\r\n${HEADERS}`);
    sockets.push(socket);
  }
  await delay(UNREAD_MS);
  report(`${SOCKETS} sockets that do not read ${path}`);
  for (const socket of sockets) socket.destroy();
}

await attack("/graphql");
const script = /src="(\/assets\/graphiql\/graphiql-[^"]+)"/.exec(text)?.[1];
if (script !== undefined) await attack(script);
await gateway.stop();
