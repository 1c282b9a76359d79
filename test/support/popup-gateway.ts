import { APP_ORIGIN, type HttpsGateway, startHttpsGateway } from "./https-gateway.ts";

/** A gateway over https, and what the popup of xkit.js does at it. */
export interface PopupGateway {
  gateway: HttpsGateway;
  url: string;
  createOneTimeToken(userId?: string): Promise<string>;
  /** Where xkit.js opens its popup. */
  addressWith(token: string, openerOrigin?: string): string;
  fetchPage(address: string, headers?: Record<string, string>): Promise<Response>;
  /** What the popup's page does with its token. */
  redeem(token: string, origin?: string, cookie?: string): Promise<Response>;
}

export async function startPopupGateway(): Promise<PopupGateway> {
  const gateway = await startHttpsGateway();
  const url = `https://${gateway.domain}`;
  return {
    gateway,
    url,
    async createOneTimeToken(id = "mallory") {
      const { token } = await gateway.app.provisionUser({ id });
      const headers = { authorization: `Bearer ${token}`, origin: APP_ORIGIN };
      const response = await gateway.app.fetch(new Request(`${url}/api/platform_user/sessions/ott`, { method: "POST", headers }));
      return String((await response.json()).ott);
    },
    addressWith: (token, openerOrigin = APP_ORIGIN) =>
      `${url}/authorizations/test/loading?${new URLSearchParams({ opener_origin: openerOrigin, token }).toString()}`,
    fetchPage: async (address, headers = {}) => gateway.app.fetch(new Request(address, { headers })),
    redeem: async (token, origin = url, cookie = "") =>
      gateway.app.fetch(
        new Request(`${url}/authorizations/redeem`, {
          method: "POST",
          headers: { origin, cookie, "content-type": "application/json" },
          body: JSON.stringify({ token, openerOrigin: APP_ORIGIN }),
        }),
      ),
  };
}

/** What a browser sends back of what an answer has set. */
export const sentBack = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((header) => header.split(";", 1)[0])
    .join("; ");
