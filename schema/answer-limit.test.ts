import { buildSchema, graphql, GraphQLError } from "graphql";
import { expect, it } from "vitest";
import { limitAnswers, MAXIMUM_ANSWER_OBJECTS, refusesAnswer } from "./answer-limit.ts";

const PARENTS = 200;
const CHILDREN = 100;

/** A schema of 200 parents with 100 children each. `asked` counts the parents whose children were asked for. */
function start(answer: <Value>(value: Value) => Value | Promise<Value>) {
  const schema = buildSchema("type Query { parents: [Parent] } type Parent { children: [Child] } type Child { id: ID }");
  let asked = 0;
  const child = { id: "1" };
  const children = () => {
    asked += 1;
    return answer(Array.from({ length: CHILDREN }, () => child));
  };
  const rootValue = { parents: Array.from({ length: PARENTS }, () => ({ children })) };
  const ask = (source: string) => graphql({ schema: limitAnswers(schema), source, rootValue, contextValue: {} });
  return { ask, asked: () => asked };
}

it("no more work is done once an answer is too large", async () => {
  const { ask, asked } = start((value) => value);
  const { errors = [] } = await ask("{ parents { children { id } } }");
  expect(errors.map(refusesAnswer)).toEqual([true]);
  expect(asked()).toBeLessThanOrEqual(MAXIMUM_ANSWER_OBJECTS / CHILDREN);
});

it("an answer that is too large is reported once, however many fields follow", async () => {
  const { ask, asked } = start(async (value) => value);
  const { errors = [] } = await ask("{ parents { children { id } } }");
  expect(errors.map(refusesAnswer)).toEqual([true]);
  expect(asked()).toBe(PARENTS);
});

it("the refusal of a whole answer is distinguished from other errors", () => {
  expect(refusesAnswer(new GraphQLError("no"))).toBe(false);
});
