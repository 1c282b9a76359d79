/** An MCP server whose tools call a third party with their user's own token, which the gateway holds. */
import { createMcpHandler, type McpHttpHandler, McpServer } from "@modelcontextprotocol/server";
// In your own app: "@xkit-gateway/client/mcp" and "@xkit-gateway/client/server".
import { type ConnectionOptions, withConnection } from "../../client/mcp/index.ts";
import { createServer, type Server, type ServerOptions } from "../../client/server/index.ts";

export interface McpExample {
  gateway: ServerOptions;
  /** The connector that the tool calls. */
  connector: { slug: string; name: string };
  /** Laid over what the tool asks with. */
  connection?: ConnectionOptions;
}

/** The tools of one user. */
function createTools(server: Server, userId: string, { connector, connection }: McpExample): McpServer {
  const mcp = new McpServer({ name: "xkit-example", version: "1.0.0" });
  const description = `Who the user is at ${connector.name}.`;
  mcp.registerTool("whoami", { description }, (context) =>
    withConnection(
      context,
      server.user(userId),
      connector.slug,
      async ({ fetch }) => {
        const response = await fetch("/me");
        return { isError: !response.ok, content: [{ type: "text", text: await response.text() }] };
      },
      { name: connector.name, ...connection },
    ),
  );
  return mcp;
}

/**
 * Whose request it is, or null. The bearer is a JWT of the platform's own issuer (token_issuers in the configuration), or a user token: the
 * gateway knows both. A server with an identity provider of its own asks that one.
 */
async function findUser(request: Request, { url, fetch = globalThis.fetch }: ServerOptions): Promise<string | null> {
  const authorization = request.headers.get("authorization");
  if (!authorization?.startsWith("Bearer ")) return null;
  const response = await fetch(new URL("/api/platform_user/session", url), { headers: { authorization } });
  if (response.status === 401) return null;
  if (!response.ok) throw new Error(`The gateway answers ${response.status}.`);
  const { session }: { session: { user: { external_id: string } } } = await response.json();
  return session.user.external_id;
}

/** The server, as a function of a request. */
export function createMcpExample(example: McpExample): McpHttpHandler["fetch"] {
  const server = createServer(example.gateway);
  return async (request) => {
    const userId = await findUser(request, example.gateway);
    if (userId === null) return new Response("Send a token of the user.", { status: 401, headers: { "www-authenticate": "Bearer" } });
    return createMcpHandler(() => createTools(server, userId, example)).fetch(request);
  };
}
