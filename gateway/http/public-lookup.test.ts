import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen, type ListeningServer } from "../../test/support/server-io.ts";
import { fetchResponse } from "./fetch.ts";
import { isPublicAddress } from "./public-lookup.ts";

describe("an address", () => {
  it.each([
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "localhost",
    "",
  ])("%s is not of the public internet", (address) => expect(isPublicAddress(address)).toBe(false));

  it.each(["1.1.1.1", "172.32.0.1", "192.169.0.1", "2606:4700::1111"])("%s is", (address) => expect(isPublicAddress(address)).toBe(true));
});

describe("a request to the public internet alone", () => {
  let requests = 0;
  let server: ListeningServer;
  beforeAll(async () => {
    server = await listen(async (_request, response) => {
      requests += 1;
      response.end("{}");
    });
  });
  afterAll(() => server.close());

  const get = (host: string, isPublicOnly: boolean) =>
    fetchResponse(
      `http://${host}:${new URL(server.url).port}/`,
      { method: "GET", headers: {}, body: null },
      { timeoutMs: 5_000, isPublicOnly },
    );

  it.each(["localhost", "127.0.0.1"])("is not sent to %s, also not over a connection that other requests keep alive", async (host) => {
    const before = requests;
    expect((await get(host, false)).status).toBe(200);
    await expect(get(host, true)).rejects.toMatchObject({ code: "private_address", isSent: false });
    expect(requests - before).toBe(1);
  });
});
