declare const GATEWAY_URL: string;

/** Put in by vite.config.ts. */
export const gatewayUrl = GATEWAY_URL;
