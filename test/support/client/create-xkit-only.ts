/** What an app imports that wants `createXkit` and nothing else, to measure it. */
export { createXkit } from "../../../client/index.ts";
