const loopbackIpv4 = /^127(?:\.\d{1,3}){3}$/;

/**
 * Whether a host name can only mean this machine.
 *
 * `localhost`, 127.0.0.0/8 and `[::1]`, as `URL.hostname` spells them (RFC 8252 section 7.3).
 */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || loopbackIpv4.test(hostname);
}

/**
 * Whether tokens and secrets may travel to this URL.
 *
 * https anywhere, http on loopback hosts alone (RFC 6749 section 3.2), and never with a user name or password in the URL.
 */
export function isSecureEndpoint(url: URL): boolean {
  if (url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

/**
 * Parses the URL of a provider's endpoint.
 *
 * Throws `TypeError` when it is no absolute URL, or not a secure one (see `isSecureEndpoint`).
 */
export function parseEndpoint(value: string): URL {
  const url = URL.parse(value);
  if (url === null) throw new TypeError("A provider endpoint must be an absolute URL.");
  if (!isSecureEndpoint(url)) throw new TypeError(`The provider endpoint on ${url.host} must be https (http only on a loopback host).`);
  return url;
}
