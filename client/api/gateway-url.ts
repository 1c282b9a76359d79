/** An address in the canonical form that `URL` gives: http or https, a host, perhaps a port and a path, and nothing else. */
const GATEWAY_URL = /^https?:\/\/[^/?#@]+(\/[^?#]*)?$/;

/**
 * The gateway's address without trailing slashes. Throws TypeError for what is none. It does not repeat what was given, which may hold a
 * password.
 */
export function parseGatewayUrl(url: string): string {
  let href = "";
  try {
    href = new URL(url).href;
  } catch {}
  if (!GATEWAY_URL.test(href))
    throw new TypeError(
      "`url` must be the gateway's http(s) address, as https://connect.example.com, without user name, query or fragment.",
    );
  return href.replace(/\/+$/, "");
}
