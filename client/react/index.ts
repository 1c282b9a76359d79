"use client";

export { useXkit, XkitProvider, type XkitProviderProps } from "./provider.tsx";
export type { Reading, ReadingState } from "./use-reading.ts";
export { useAccessToken, type AccessTokenState, type UseAccessTokenOptions } from "./use-access-token.ts";
export type { ActionResult, ActionState } from "./use-action.ts";
export { useConnect, type ConnectTarget, type UseConnectOptions } from "./use-connect.ts";
export { type ConnectorState, type ConnectState, useConnectState } from "./use-connect-state.ts";
export { useConnection } from "./use-connection.ts";
export { useConnector } from "./use-connector.ts";
export { useConnectors } from "./use-connectors.ts";
export { useDisconnect } from "./use-disconnect.ts";
export { usePlatform } from "./use-platform.ts";
export { useViewer } from "./use-viewer.ts";
export { useXkitFetch } from "./use-xkit-fetch.ts";
export { Catalog, type CatalogProps } from "../catalog/catalog.tsx";
export { ConnectButton, type ConnectButtonProps } from "./connect-button.tsx";
export type { CatalogRouter } from "../catalog/router.ts";
