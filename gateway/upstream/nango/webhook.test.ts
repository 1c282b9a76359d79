import { describe, expect, it } from "vitest";
import { signaturesOf } from "../../../test/support/fake-nango/webhooks.ts";
import { openNango, type OpenNango, visitNango } from "../../../test/support/nango.ts";

const KEY = "whsec-of-the-environment";

const creation = (tags: object) =>
  JSON.stringify({ from: "nango", type: "auth", operation: "creation", success: true, connectionId: "1", providerConfigKey: "test", tags });

async function send({ adapter }: OpenNango, body: string, headers: Record<string, string>): Promise<number | string> {
  const request = new Request("http://localhost:4000/webhooks/nango", { method: "POST", body, headers });
  try {
    return (await adapter.webhook?.receive(request))?.status ?? 404;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "unknown";
  }
}

describe("a webhook of Nango's", () => {
  it("is taken with the signature of its very bytes alone", async () => {
    const world = await openNango({ webhookKey: KEY });
    const body = creation({ end_user_id: "ada" });
    const good = signaturesOf(body, KEY);
    expect(await send(world, body, good)).toBe(204);
    expect(await send(world, body, signaturesOf(body, "another key"))).toBe("UNAUTHENTICATED");
    expect(await send(world, `${body} `, good)).toBe("UNAUTHENTICATED");
    expect(await send(world, body, {})).toBe("UNAUTHENTICATED");
    expect(await send(world, body, { "x-nango-hmac-sha256": "" })).toBe("UNAUTHENTICATED");
    expect(await send(world, body, { "x-nango-signature": good["x-nango-signature"] ?? "" })).toBe("UNAUTHENTICATED");
  });

  it("that is sent again changes nothing", async () => {
    const world = await openNango({ webhookKey: KEY });
    const ada = world.connectionsOf("ada");
    await world.connect(ada);
    const before = await ada.list(null);
    const body = creation(world.nango.connections[0]?.tags ?? {});
    await ada.disconnect({ slug: "test" });
    for (let count = 0; count < 3; count += 1) expect(await send(world, body, signaturesOf(body, KEY))).toBe(204);
    expect([before.length, await ada.list(null)]).toEqual([1, []]);
  });

  it("of another type, without an owner, or of no shape at all is answered and says nothing", async () => {
    const world = await openNango({ webhookKey: KEY });
    for (const body of [`{"type":"sync"}`, `{"type":"auth"}`, creation({ plan: "gold" }), "{", "[]"])
      expect(await send(world, body, signaturesOf(body, KEY))).toBe(204);
  });

  it("is refused when it is too long", async () => {
    const world = await openNango({ webhookKey: KEY });
    const body = creation({ end_user_id: "x".repeat(70_000) });
    expect(await send(world, body, signaturesOf(body, KEY))).toBe("BAD_USER_INPUT");
  });

  it("makes that which was read of its owner too old, and shows a watcher what there is", async () => {
    const world = await openNango({ webhookKey: KEY });
    const ada = world.connectionsOf("ada");
    expect(await ada.accessToken({ slug: "test" }, { minimumTtl: null, rejected: null, verify: null })).toMatchObject({
      type: "NotConnected",
    });
    const reader = (await ada.watch("test"))[Symbol.asyncIterator]();
    const started = await ada.start("test", { id: null, returnTo: null });
    expect((await reader.next()).value).toMatchObject({ id: started.id, enabled: false });
    await visitNango(started.authorization?.authorizeUrl ?? null);
    const body = creation({ end_user_id: "ada" });
    const [next] = await Promise.all([reader.next(), send(world, body, signaturesOf(body, KEY))]);
    expect(next.value).toMatchObject({ id: started.id, enabled: true });
    await reader.return?.();
  });

  it("has no address where no key is configured", async () => {
    expect((await openNango()).adapter.webhook).toBeNull();
  });
});
