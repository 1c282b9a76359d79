import { readFileSync } from "node:fs";
import {
  buildSchema,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
} from "graphql";
import { describe, expect, it } from "vitest";
import { schema } from "./index.ts";

const types = Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type));

type Described = [name: string, description: string | null | undefined];

/** A type and everything in it, by coordinate. */
function describedIn(type: GraphQLNamedType): Described[] {
  const own: Described = [type.name, type.description];
  if (isEnumType(type)) return [own, ...type.getValues().map(({ name, description }): Described => [`${type.name}.${name}`, description])];
  if (isInputObjectType(type))
    return [own, ...Object.values(type.getFields()).map(({ name, description }): Described => [`${type.name}.${name}`, description])];
  if (!isObjectType(type) && !isInterfaceType(type)) return [own];
  const inFields = Object.values(type.getFields()).flatMap(({ name, description, args }): Described[] => [
    [`${type.name}.${name}`, description],
    ...args.map((arg): Described => [`${type.name}.${name}(${arg.name}:)`, arg.description]),
  ]);
  return [own, ...inFields];
}

describe("the contract", () => {
  it("describes every type, field, argument, input field and enum value in a sentence", () => {
    const all = types.flatMap(describedIn);
    expect(all.length).toBeGreaterThan(100);
    const wanting = all.filter(([, description]) => !/^[A-Z`][^]*[.`:)]$/.test(description ?? "")).map(([name]) => name);
    expect(wanting).toEqual([]);
  });

  it("is what schema.graphql says", () => {
    const file = buildSchema(readFileSync(new URL("schema.graphql", import.meta.url), "utf8"));
    expect(printSchema(lexicographicSortSchema(file))).toBe(printSchema(lexicographicSortSchema(schema)));
  });
});
