import { createServer, type Server } from "@xkit-gateway/client/server";

/** Where users' browsers reach the gateway. */
export const gatewayUrl = (): string => process.env.XKIT_URL ?? "http://localhost:4000";

/** The gateway, for this app's server. Made when it is asked, so that the app builds without keys. */
export const gateway = (): Server =>
  createServer({
    url: gatewayUrl(),
    apiKey: { publishable: process.env.XKIT_PUBLISHABLE_KEY ?? "", secret: process.env.XKIT_SECRET_KEY ?? "" },
  });
