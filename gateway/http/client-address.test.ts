import { describe, expect, it } from "vitest";
import { clientAddressOf, forwardedHeadersOf, isPrivate, networkOf } from "./client-address.ts";

const from = (address: string | undefined, forwarded: string | null, hops: number) =>
  clientAddressOf({ address }, new Headers(forwarded === null ? {} : { "x-forwarded-for": forwarded }), hops);

describe("the address of a client", () => {
  it("is the peer's where no proxy is trusted, whatever the request says", () => {
    expect(from("192.0.2.1", "198.51.100.7", 0)).toBe("192.0.2.1");
    expect(from("::ffff:192.0.2.1", null, 0)).toBe("192.0.2.1");
    expect(from(undefined, "198.51.100.7", 0)).toBeNull();
    expect(clientAddressOf(null, new Headers(), 0)).toBeNull();
  });

  it.each([
    ["198.51.100.7", 1, "198.51.100.7"],
    ["1.1.1.1, 198.51.100.7", 1, "198.51.100.7"],
    ["1.1.1.1, 198.51.100.7, 10.0.0.2", 2, "198.51.100.7"],
    ["198.51.100.7", 3, "198.51.100.7"],
    ["198.51.100.7:4711", 1, "198.51.100.7"],
    ["[2001:db8::1]:4711", 1, "2001:db8::1"],
    ["nonsense", 1, null],
    ["::ffff:192.0.2.9", 1, "192.0.2.9"],
    ["::FFFF:c000:0209", 1, "192.0.2.9"],
    [null, 1, null],
  ])("in X-Forwarded-For: %s behind %i proxies is %s", (forwarded, hops, address) => {
    expect(from("10.0.0.1", forwarded, hops)).toBe(address);
  });

  it.each([
    ["for=198.51.100.7", null, 1, "198.51.100.7"],
    ['for="198.51.100.7:4711";proto=https', null, 1, "198.51.100.7"],
    ['For="[2001:db8::1]:4711"', null, 1, "2001:db8::1"],
    ["for=1.1.1.1, proto=https; for=198.51.100.7", null, 1, "198.51.100.7"],
    ['for="1.1.1.1,\\"2.2.2.2", for=198.51.100.7;by=10.0.0.2', null, 1, "198.51.100.7"],
    ['for=", for="[2001:db8::1]:4711"', null, 1, "2001:db8::1"],
    ['for=198.51.100.7;host="a,for=1.1.1.1"', null, 1, "198.51.100.7"],
    ['host="a;for=1.1.1.1;b";for=198.51.100.7', null, 1, "198.51.100.7"],
    ['for=1.1.1.1, for=", for=198.51.100.7', null, 1, "198.51.100.7"],
    ["for=unknown", null, 1, null],
    ["for=_hidden", null, 1, null],
    ["proto=https", null, 1, null],
    ["for=1.1.1.1", "198.51.100.7", 1, "198.51.100.7"],
    ["for=1.1.1.1, for=198.51.100.7", "10.0.0.2", 2, "198.51.100.7"],
    ["for=198.51.100.7", null, 0, "10.0.0.1"],
  ])("in Forwarded: %s beside X-Forwarded-For: %s behind %i proxies is %s", (forwarded, other, hops, address) => {
    const headers = new Headers({ forwarded, ...(other !== null && { "x-forwarded-for": other }) });
    expect(clientAddressOf({ address: "10.0.0.1" }, headers, hops)).toBe(address);
  });

  it("is looked at also where a request is no Request", () => {
    const headers = forwardedHeadersOf({ forwarded: "for=192.0.2.1", "x-forwarded-for": "192.0.2.2", cookie: "a=b" });
    expect([...headers]).toEqual([
      ["forwarded", "for=192.0.2.1"],
      ["x-forwarded-for", "192.0.2.2"],
    ]);
  });

  it("is the peer's where the request did not come through the proxies", () => {
    expect(from("192.0.2.1", null, 1)).toBe("192.0.2.1");
  });

  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8:0:1::5", "2001:db8:0:1"],
    ["2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1"],
    ["2001:0db8:0000:0001::", "2001:db8:0:1"],
    ["2001:DB8::1:2:3:4:5", "2001:db8:0:1"],
    ["2001:db8::", "2001:db8:0:0"],
    ["::5", "0:0:0:0"],
    ["2001:db8:0:1:0:0:192.0.2.1", "2001:db8:0:1"],
  ])("%s counts as %s", (address, network) => expect(networkOf(address)).toBe(network));

  it.each(["127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.0.1", "100.64.0.1", "::1", "fd00::1", "fe80::1"])("%s is private", (address) =>
    expect(isPrivate(address)).toBe(true),
  );
  it.each(["172.32.0.1", "192.0.2.1", "2001:db8::1", ""])("%s is not private", (address) => expect(isPrivate(address)).toBe(false));
});
