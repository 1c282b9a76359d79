/** Whether this is `npm run test:long`. */
export const isLong = process.env["TEST_LONG"] === "yes";

/** The cases of an enumeration: all of them in `npm run test:long`, and in `npm test` those that stand for the others. */
export const casesOf = <Case>(all: readonly Case[], representative: (each: Case) => boolean): Case[] =>
  all.filter((each) => isLong || representative(each));
