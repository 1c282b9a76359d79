import { createServer } from "@xkit-gateway/client/server";

/** Where users' browsers reach the gateway. */
export const gatewayUrl = process.env["XKIT_URL"] ?? "http://localhost:4000";

/** The gateway, for this app's server. */
export const gateway = createServer({
  url: gatewayUrl,
  apiKey: { publishable: process.env["XKIT_PUBLISHABLE_KEY"] ?? "", secret: process.env["XKIT_SECRET_KEY"] ?? "" },
});
