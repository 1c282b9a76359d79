/** The package's entry for an app that has better-auth: a gateway in front of its accounts, in this process. */
export { betterAuthUpstream } from "./adapter.ts";
export { type JoinOptions, joinGateway } from "./join.ts";
export type { BetterAuth } from "./context.ts";
export type { BetterAuthConnector, BetterAuthUpstreamOptions } from "./options.ts";
export { xkitGateway } from "./plugin.ts";
