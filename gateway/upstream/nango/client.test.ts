import { describe, expect, it } from "vitest";
import { openNango } from "../../../test/support/nango.ts";

const anyToken = { minimumTtl: null, rejected: null, verify: null };

describe("what Nango fails with", () => {
  it.each([
    ["a redirect", { status: 302, body: {}, headers: { location: "https://elsewhere.example" } }],
    ["a failure", { status: 500, body: { error: { code: "server_error", message: "planted-1" } } }],
    ["another shape", { status: 200, body: { planted: "planted-1" } }],
    ["that there is no such page, as another server does", { status: 404, body: { error: { code: "not_found", message: "planted-1" } } }],
    ["more than is read", { status: 200, body: { connections: ["x".repeat(1_100_000)] } }],
  ])("%s: is temporary, and nothing of the answer is in the error", async (_name, answer) => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    await ada.list(null);
    world.nango.controls.next(answer);
    const failure = await ada.list(null).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "UPSTREAM_UNAVAILABLE", facts: { retryAfter: 2 } });
    expect(String(failure)).not.toContain("planted");
  });

  it("is told to the operator once, and once when Nango is back", async () => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    await ada.list(null);
    world.nango.controls.always({ status: 502, body: {} });
    for (let count = 0; count < 3; count += 1) await expect(ada.list(null)).rejects.toThrow("502");
    world.nango.controls.always(null);
    for (let count = 0; count < 2; count += 1) await ada.list(null);
    expect(world.logged.filter((line) => /nango (failed|answers)/.test(line)).map((line): object => JSON.parse(line))).toMatchObject([
      { msg: "nango failed", reason: "Nango answered with status 502." },
      { msg: "nango answers again" },
    ]);
  });

  it("an older server, which knows no tags, is named to the operator", async () => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    await ada.list(null);
    world.nango.controls.next({ status: 400, body: { error: { code: "invalid_query_params", errors: [] } } });
    await expect(ada.list(null)).rejects.toMatchObject({ message: expect.stringContaining("0.69.26"), facts: {} });
  });

  it("one entry that cannot be read leaves the others", async () => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    await ada.list(null);
    const created = "2026-01-01T00:00:00";
    const good = { connection_id: crypto.randomUUID(), provider_config_key: "test", created, tags: { end_user_id: "ada" } };
    world.nango.controls.next({ status: 200, body: { connections: [good, { ...good, created: "yesterday" }, null] } });
    expect(await ada.list(null)).toMatchObject([{ id: good.connection_id, createdAt: new Date(`${created}Z`) }]);
  });
});

describe("secrets", () => {
  it("are in no line of the log and in no error, whatever fails", async () => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    await world.connect(ada);
    const outcome = await ada.accessToken({ slug: "test" }, anyToken);
    world.clock.advance(3_600_000);
    world.provider.controls.always({ status: 400, body: { error: "invalid_grant" } });
    const failures: unknown[] = [await ada.accessToken({ slug: "test" }, anyToken), await ada.list(null)];
    for (const status of [400, 401, 403, 429, 500]) {
      world.nango.controls.always({ status, body: { error: { code: "x", message: [...world.provider.issuedSecrets].join(" ") } } });
      failures.push(String(await ada.list(null).catch((error: unknown) => error)));
    }
    const told = `${world.logged.join("\n")}${JSON.stringify(failures)}`;
    expect(outcome.type).toBe("AccessToken");
    for (const secret of [...world.provider.issuedSecrets, world.nango.secretKey, "nango_connect_session_"])
      expect(told).not.toContain(secret);
  });
});
