export { type ConnectionOptions, type ToolConnection, withConnection } from "./with-connection.ts";
