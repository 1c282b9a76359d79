/** The least that can answer the measured query: node:http by hand. It parses the body, knows the bearer, looks into the Map. */
import { createServer, type ServerResponse } from "node:http";
import { host, port, ready } from "./ready.ts";
import { authenticate, findToken, rememberedUser } from "./store.ts";

const HEADERS = { "content-type": "application/json; charset=utf-8" };

/** The slug that the query's variables name; empty where they name none. */
function slugOf(text: string): string {
  const body: unknown = JSON.parse(text);
  if (typeof body !== "object" || body === null || !("variables" in body)) return "";
  const { variables } = body;
  if (typeof variables !== "object" || variables === null || !("slug" in variables)) return "";
  return typeof variables.slug === "string" ? variables.slug : "";
}

function answer(response: ServerResponse, userId: string, text: string): void {
  const json = JSON.stringify({ data: { connectionToken: findToken(userId, slugOf(text)) } });
  response.writeHead(200, { ...HEADERS, "content-length": Buffer.byteLength(json) }).end(json);
}

const server = createServer((request, response) => {
  const { authorization } = request.headers;
  let text = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => (text += chunk));
  request.on("end", () => {
    const userId = rememberedUser(authorization);
    if (userId !== null) return answer(response, userId, text);
    authenticate(authorization).then(
      (verified) => answer(response, verified, text),
      () => response.writeHead(401).end(),
    );
  });
});
server.listen(port, host, () => ready());
