/** What the log says of users and their accounts. */
import { afterEach, expect, it } from "vitest";
import { z } from "zod";
import { startTestApp, type TestApp, type TestAppOptions } from "./support/test-app.ts";
import { askToken, HOUR_MS } from "./support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

const lineSchema = z.looseObject({ msg: z.string() });
const lines = () => test.logged.map((line) => lineSchema.parse(JSON.parse(line)));

/** Whose account is connected next, as the provider tells it. */
const LABELS = ["ada.lovelace@example.com", "countess@example.com"];
const start = async (options: TestAppOptions = {}) => {
  test = await startTestApp({ connector: { supports_multiple_connections: false }, ...options });
  test.provider.controls.account = { id: "1", label: LABELS[0] ?? "" };
  return test.signIn("ada");
};

it("every line about a connection names it and its owner by their ids, and none names the account or holds a secret", async () => {
  const ada = await start();
  await ada.connect();
  test.clock.advance(HOUR_MS);
  await askToken(ada);
  test.provider.controls.account = { id: "2", label: LABELS[1] ?? "" };
  await ada.connect();
  test.provider.controls.always({ status: 503 });
  test.clock.advance(HOUR_MS);
  await askToken(ada);
  test.provider.controls.always({ status: 400, body: { error: "invalid_grant" } });
  test.clock.advance(HOUR_MS);
  await askToken(ada);
  await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
  const about = lines().filter((line) => "connection" in line);
  const told = about.map(({ msg }) => msg);
  for (const msg of ["refreshed", "connecting failed", "refresh failed", "grant no longer honoured", "disconnected"])
    expect(told).toContain(msg);
  for (const line of about) expect(line).toMatchObject({ user: "ada", connector: "test" });
  const text = test.logged.join("\n");
  for (const label of [...LABELS, ...test.provider.issuedSecrets]) expect(text).not.toContain(label);
});

it("lines about a group's connection name the group", async () => {
  await start();
  const ben = await test.signIn("ben", "crew");
  await ben.connect();
  await ben.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
  const [line] = lines().filter(({ msg }) => msg === "disconnected");
  expect(line).toMatchObject({ group: "crew" });
  expect(line).not.toHaveProperty("user");
});
