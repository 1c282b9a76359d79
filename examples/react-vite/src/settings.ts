declare const GATEWAY_URL: string;
declare const API_URL: string;

/** Put in by vite.config.ts: the gateway, and the API of the third party that the user connects. */
export const gatewayUrl = GATEWAY_URL;
export const apiUrl = API_URL;
