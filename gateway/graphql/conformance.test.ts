import { serverAudits } from "graphql-http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PUBLIC_URL, startTestApp, type TestApp } from "../../test/support/test-app.ts";

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

const audits = serverAudits({
  url: `${PUBLIC_URL}/graphql`,
  fetchFn: (url: string, init: RequestInit) => test.app.fetch(new Request(url, init)),
});

describe("GraphQL over HTTP", () => {
  it("is audited in 61 ways", () => expect(audits).toHaveLength(61));

  it.each(audits.map(({ id, name, fn }) => ({ id, name, fn })))("$id: $name", async ({ fn }) => {
    const { status, ...result } = await fn();
    expect({ status, reason: "reason" in result ? result.reason : null }).toEqual({ status: "ok", reason: null });
  });

  it("is passed in as many ways once the operations are prepared", async () => {
    for (const { id, fn } of audits) expect({ id, status: (await fn()).status }).toEqual({ id, status: "ok" });
  });
});
