/** The package's main entry: a gateway to run inside your own process. */
export { type App, type AppParts, createApp } from "./app.ts";
export { type Config, ConfigError, parseConfig } from "./config/config.ts";
export type { Environment } from "./config/document.ts";
export { type RunningGateway, startGateway } from "./listen.ts";
