import type { IncomingHttpHeaders } from "node:http";
import { BlockList, isIP } from "node:net";
import type { Peer } from "./peer.ts";

/** Addresses of proxies and of this machine, which stand for many clients (RFC 1918, 4193, 6598, 3927, 4291). */
const privateAddresses = new BlockList();
for (const [network, prefix] of [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
  ["169.254.0.0", 16],
  ["127.0.0.0", 8],
] as const)
  privateAddresses.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of [
  ["fc00::", 7],
  ["fe80::", 10],
  ["::1", 128],
] as const)
  privateAddresses.addSubnet(network, prefix, "ipv6");

/** Groups of 16 bits of an IPv6 address that name a network: /64. */
const NETWORK_GROUPS = 4;

/** Whether an address is a private one. False for what is no address. */
export const isPrivate = (address: string): boolean => {
  const version = isIP(address);
  return version !== 0 && privateAddresses.check(address, version === 4 ? "ipv4" : "ipv6");
};

/** What `clientAddressOf` looks at of a request that is no `Request`, as that of a WebSocket. */
export const forwardedHeadersOf = (headers: IncomingHttpHeaders): Headers =>
  new Headers(
    ["forwarded", "x-forwarded-for"].flatMap((name) => [headers[name] ?? []].flat().map((value): [string, string] => [name, value])),
  );

/**
 * The address that a request came from: the peer's, or what the outermost of `hops` trusted proxies wrote into `X-Forwarded-For`, or
 * into `Forwarded` where fewer have written into the other. What is further to the left there is the client's own word. Null when it is
 * unknown.
 */
export function clientAddressOf(peer: Peer | null, headers: Headers, hops: number): string | null {
  const direct = toAddress(peer?.address ?? "");
  if (hops === 0) return direct;
  const entries = [...forwardedFor(headers.get("forwarded"), hops), ...(headers.get("x-forwarded-for")?.split(",") ?? [])];
  const entry = entries.at(-hops) ?? entries[0];
  if (entry !== undefined) return toAddress(entry.trim());
  // The request came past the proxies, or a proxy names no client: that one would stand for all of them.
  return direct === null || isPrivate(direct) ? null : direct;
}

/** The `for` of the last elements of a `Forwarded` header (RFC 7239 section 4), at most `count`; blank where one has none. */
const forwardedFor = (header: string | null, count: number): string[] =>
  header === null ? [] : elementsOf(header).slice(-count).map(forOf);

/** The elements of a header. They are told apart from the right: a quote that a client leaves open hides no proxy's element. */
function elementsOf(header: string): string[] {
  const elements: string[] = [];
  let rest = "";
  let isOpen = false;
  for (const piece of header.split(",").toReversed()) {
    rest = isOpen ? `${piece},${rest}` : piece;
    const quotes = piece.replaceAll(/\\./g, "").split('"').length - 1;
    isOpen = isOpen !== (quotes % 2 === 1);
    if (!isOpen) elements.push(rest);
  }
  return (isOpen ? [...elements, rest] : elements).toReversed();
}

/** A quoted value, as a host's, is read past: it may look like a pair. */
function forOf(element: string): string {
  const pairs = [...element.matchAll(/(?:^|;)\s*([^=;\s]+)=(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/g)];
  const [, , quoted, token] = pairs.find(([, name]) => name?.toLowerCase() === "for") ?? [];
  return quoted ?? token ?? "";
}

/** A key for all clients behind one address: an IPv4 address, or the network of an IPv6 address. */
export function networkOf(address: string): string {
  if (isIP(address) === 4) return address;
  const [head = "", tail] = canonicalOf(address).split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail ? tail.split(":").length : 0;
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - groups.length - after }, () => "0");
  return [...groups, ...zeros, ...(tail ?? "").split(":")].slice(0, NETWORK_GROUPS).join(":");
}

/** One spelling for each IPv6 address: lower case, without leading zeros (RFC 5952, as URLs are serialized). */
const canonicalOf = (address: string): string => new URL(`http://[${address}]`).hostname.slice(1, -1);

/** Without a port, brackets, a zone, or the IPv6 form of an IPv4 address. */
function toAddress(text: string): string | null {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? text.replace(/^([\d.]+):\d+$/, "$1");
  const address = bare.replace(/%.*$/, "");
  return isIP(address) === 6 ? toIpv4(canonicalOf(address)) : isIP(address) === 4 ? address : null;
}

/** The IPv4 address that an IPv6 address stands for, where it does (RFC 4291 section 2.5.5.2). */
function toIpv4(address: string): string {
  const halves = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address)?.slice(1) ?? [];
  if (halves.length === 0) return address;
  return halves.flatMap((half) => [Number.parseInt(half, 16) >> 8, Number.parseInt(half, 16) & 255]).join(".");
}
