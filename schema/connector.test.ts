import { expect, it, onTestFinished } from "vitest";
import { startTestApp } from "../test/support/test-app.ts";

it("says in the reader's language what a standard scope allows, and in the provider's words what another does", async () => {
  const test = await startTestApp({
    facts: () => ({ scopes: { text: { repo: "Read repositories" } } }),
    connector: { scopes: ["openid", "repo", "unknown"] },
  });
  onTestFinished(test.close);
  const ask = async (language: string) => {
    const headers = { "accept-language": language };
    return (await test.graphql(`{ connector(slug: "test") { permissions { text } } }`, {}, headers)).data.connector.permissions;
  };
  expect(await ask("en")).toEqual([{ text: "Know who you are at the provider" }, { text: "Read repositories" }, { text: null }]);
  expect(await ask("de-CH")).toEqual([{ text: "Wissen, wer Sie beim Anbieter sind" }, { text: "Read repositories" }, { text: null }]);
});
