/**
 * Fails when the contract takes away what the last release had, or changes it: published fields are deprecated, never removed.
 * `schema/released.graphql` is the contract of the last release: a release replaces it by `schema/schema.graphql`.
 */
import { readFileSync } from "node:fs";
import { buildSchema, findBreakingChanges, findDangerousChanges } from "graphql";

const read = (name: string) => buildSchema(readFileSync(`schema/${name}.graphql`, "utf8"));
const [released, current] = [read("released"), read("schema")];

const breaking = findBreakingChanges(released, current);
for (const { type, description } of breaking) console.error(`${type}: ${description}`);
// A client may not know a new member of a union or value of an enum: told, and not refused.
for (const { type, description } of findDangerousChanges(released, current)) console.log(`${type}: ${description}`);
if (breaking.length > 0) {
  console.error("The contract breaks clients of the last release: keep what it had, and deprecate it.");
  process.exit(1);
}
console.log("The contract breaks no client of the last release.");
