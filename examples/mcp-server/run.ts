/** Serves the MCP server on loopback, with a pair of API keys for as long as it runs. An operator makes one pair and keeps it as a secret. */
import { serve } from "@hono/node-server";
import { GATEWAY_URL, runCommand } from "../gateway.ts";
import { createMcpExample } from "./server.ts";

const PORT = Number(process.env["EXAMPLE_PORT"] ?? 3001);
const [, publishable = "", secret = ""] = /publishable\s+(\S+)\s+secret\s+(\S+)/.exec(runCommand("keys", "create", "--name", "mcp")) ?? [];
const answer = createMcpExample({
  gateway: { url: GATEWAY_URL, apiKey: { publishable, secret } },
  connector: { slug: "demo", name: "Demo" },
});
const token = runCommand("users", "token", "ada", "--name", "Ada");

const listening = serve({ fetch: (request) => answer(request), hostname: "127.0.0.1", port: PORT }, () => {
  console.log(
    `An MCP server listens on http://localhost:${PORT}/. Add it to a client that opens pages (URL-mode elicitation), with the header`,
  );
  console.log(`  Authorization: Bearer ${token}`);
  console.log(`and call its tool whoami. The page to connect knows Ada once her browser has signed in: ${GATEWAY_URL}/sign-in`);
});
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => {
    listening.close();
    runCommand("keys", "revoke", publishable);
  });
