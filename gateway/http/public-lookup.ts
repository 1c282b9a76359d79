import { lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { isPrivate } from "./client-address.ts";

/** What no host of the public internet has, beside private addresses (IANA special-purpose address registries, RFC 6890). */
const special = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const)
  special.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of [
  ["::", 128],
  // IPv4 within IPv6, by translation.
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["2002::", 16],
  ["2001:db8::", 32],
  ["fec0::", 10],
  ["ff00::", 8],
] as const)
  special.addSubnet(network, prefix, "ipv6");

/** Whether an address is of the public internet. False for what is no address. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && !isPrivate(address) && !special.check(address, version === 4 ? "ipv4" : "ipv6");
}

/** Whether the host of an address is itself an IP address that is not of the public internet: it is not looked up. */
export function isPrivateLiteral(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(host) !== 0 && !isPublicAddress(host);
}

/** A name leads to an address that is not of the public internet. */
export class PrivateAddressError extends Error {
  constructor() {
    super("The host has an address outside the public internet.");
    this.name = "PrivateAddressError";
  }
}

/** As `dns.lookup`, for a connection: the addresses that are judged are those that are connected to. Fails with `PrivateAddressError`. */
export const lookupPublic: LookupFunction = (hostname, options, answer) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? [];
    if (error || first === undefined) return answer(error ?? new PrivateAddressError(), []);
    if (addresses.some(({ address }) => !isPublicAddress(address))) return answer(new PrivateAddressError(), []);
    return options.all ? answer(null, addresses) : answer(null, first.address, first.family);
  });
};
