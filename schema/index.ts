import "./platform.ts";
import "./viewer.ts";
import "./connector.ts";
import "./connection.ts";
import "./authorization.ts";
import "./access-token.ts";
import "./session.ts";
import "./owner.ts";
import { builder } from "./builder.ts";

/** The whole contract, executable. `schema.graphql` is its printed form. */
export const schema = builder.toSchema();
