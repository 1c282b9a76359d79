export {
  type AuditEvent,
  createServer,
  type DeletedUser,
  type ImportResult,
  type MovedUser,
  type ProvisionedUser,
  type Server,
  type User,
  type UserOwner,
} from "./server.ts";
export type { ServerOptions } from "./server-api.ts";
export type { ConnectionActions, RefreshedConnection } from "./connection-actions.ts";
export {
  type HistoryEntry,
  isAccessToken,
  type OwnedConnection,
  type OwnedRequestInit,
  type OwnedTokenOptions,
  type OwnedTokenResult,
  type Owner,
} from "./owner.ts";
export type { ListOptions } from "./pages.ts";
export type { EventOptions, GatewayEvent } from "./events.ts";
export { type Delivery, verifyWebhook, WebhookError, type WebhookOptions } from "./webhooks.ts";
export * from "../api/errors.ts";
export type { CallOptions } from "../api/transport.ts";
export type { ConnectionName } from "../api/where.ts";
export type { XkitRequestInit } from "../session/api-request.ts";
export * from "./generated/graphql.ts";
