import { expect, it, onTestFinished } from "vitest";
import { startTestApp } from "../test/support/test-app.ts";

it("says in the reader's language what a standard scope allows, and in the provider's words what another does", async () => {
  const test = await startTestApp({
    facts: () => ({ scopes: { text: { repo: "Read repositories", email: "Read the address" } } }),
    connector: { scopes: ["openid", "email", "repo", "unknown"] },
  });
  onTestFinished(test.close);
  const ask = async (language: string) => {
    const headers = { "accept-language": language };
    return (await test.graphql(`{ connector(slug: "test") { permissions { text } } }`, {}, headers)).data.connector.permissions;
  };
  const textsIn = async (language: string) => (await ask(language)).map(({ text }: { text: string | null }) => text);
  expect(await textsIn("en")).toEqual(["Know who you are at the provider", "Read the address", "Read repositories", null]);
  expect(await textsIn("de-CH")).toEqual([
    "Wissen, wer Sie beim Anbieter sind",
    expect.not.stringContaining("Read"),
    "Read repositories",
    null,
  ]);
});
