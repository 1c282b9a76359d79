/**
 * Serves index.html at one of the demo's web origins, as your platform's server would: with a token of the user who is signed in there.
 * The demo's catalog has a connector "slack", which is the demo provider; the page says so when it has a token.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { GATEWAY_URL, runCommand } from "../gateway.ts";

const PORT = Number(process.env["EXAMPLE_PORT"] ?? 3000);

/** The page as the documentation shows it, with what is yours put in. */
function render(): string {
  return readFileSync(new URL("index.html", import.meta.url), "utf8")
    .replaceAll("http://localhost:4000", GATEWAY_URL)
    .replace("your_user_token", runCommand("users", "token", "ada", "--name", "Ada"))
    .replace(
      "// ... do something with the Slack API",
      "if (slackToken) document.body.append(`A live token of ${slackToken.length} characters.`)",
    );
}

createServer((_request, response) => {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" }).end(render());
}).listen(PORT, "localhost", () => console.log(`Open http://localhost:${PORT}/`));
