/** The package's main entry: a gateway to run inside your own process, and the port to a holder of tokens of your own. */
export { type ErrorCode, type ErrorFacts, badUserInput, forbidden, GatewayError, notFound } from "../schema/errors.ts";
export {
  connectorMisconfigured,
  minimumTtlUnavailable,
  notConnected,
  reconnectRequired,
  temporarilyUnavailable,
  tokenWithheld,
} from "../schema/outcomes.ts";
export {
  type AccessToken,
  type AccessTokenOutcome,
  type Authorization,
  type AuthorizationStatus,
  type CollectField,
  type Connection,
  type ConnectionWhere,
  type Connector,
  type Health,
  type KnownUser,
  type Owner,
  type OwnerConnections,
  ownerOfViewer,
  type ReconnectReason,
  type TokenRequest,
  type Viewer,
} from "../schema/upstream.ts";
export type { Problem } from "../schema/problems.ts";
export { type App, type AppParts, createApp } from "./app.ts";
export { type Config, ConfigError, parseConfig } from "./config/config.ts";
export type { Environment } from "./config/document.ts";
export { type Build, type RunningGateway, startGateway } from "./listen.ts";
export type { Clock } from "./runtime/clock.ts";
export type { Log } from "./runtime/log.ts";
export type { Notes } from "./store/notes.ts";
export type { Lease, SingleFlight } from "./store/single-flight.ts";
export type {
  ConnectsElsewhere,
  ConnectsHere,
  OpenUpstream,
  RelayedClient,
  RelayedUsers,
  UpstreamAdapter,
  UpstreamRuntime,
  UserConnections,
} from "./upstream/outside/adapter.ts";
export { accessToken, createAuthorization } from "./upstream/outside/answers.ts";
export type { RelayedSession } from "./upstream/upstream.ts";
export { fingerprintOf } from "./vault/sealed-columns.ts";
