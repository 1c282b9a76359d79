export { type ConnectionOptions, type ToolConnection, type ToolResult, withConnection } from "./with-connection.ts";
