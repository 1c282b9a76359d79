import { expect, test } from "vitest";
import { findMatches } from "./search.ts";

const entries = [
  { name: "Slack", slug: "slack", shortDescription: null, searchTerms: ["chat", "messages"] },
  { name: "Microsoft", slug: "microsoft", shortDescription: null, searchTerms: ["office", "outlook", "teams"] },
  { name: "Google", slug: "google", shortDescription: "Events and mail.", searchTerms: ["gmail", "drive"] },
  { name: "Salesforce", slug: "salesforce", shortDescription: null, searchTerms: ["crm"] },
  { name: "Todoist", slug: "todoist", shortDescription: "Tâches à faire.", searchTerms: [] },
  { name: "X", slug: "x", shortDescription: null, searchTerms: ["twitter"] },
];

const find = (search: string) => findMatches(entries, search).map(({ name }) => name);

test("a word that no name comes near in length is not compared letter by letter", () => {
  const many = Array.from({ length: 500 }, () => entries).flat();
  const before = performance.now();
  expect(findMatches(many, "x".repeat(10_000))).toEqual([]);
  expect(performance.now() - before).toBeLessThan(1_000);
});

test.each([
  ["", entries.map(({ name }) => name)],
  ["slack", ["Slack"]],
  ["slakc", ["Slack"]],
  ["SLCK", ["Slack"]],
  ["office", ["Microsoft"]],
  ["microsft", ["Microsoft"]],
  ["mircosoft ofice", ["Microsoft"]],
  ["gmail", ["Google"]],
  ["gmial", ["Google"]],
  ["saels", ["Salesforce"]],
  ["taches", ["Todoist"]],
  ["events mail", ["Google"]],
  ["twiter", ["X"]],
  ["slack zzz", []],
  ["zzz", []],
  ["goo", ["Google"]],
  ["gzo", []],
])("%j finds %j", (search, names) => {
  expect(find(search)).toEqual(names);
});
