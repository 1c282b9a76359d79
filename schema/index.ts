import "./platform.ts";
import "./viewer.ts";
import "./connector.ts";
import "./connection.ts";
import "./authorization.ts";
import "./health.ts";
import "./history.ts";
import "./access-token.ts";
import "./session.ts";
import "./owner.ts";
import "./lists.ts";
import "./node-query.ts";
import "./audit.ts";
import "./event-feed.ts";
import "./connection-actions.ts";
import "./user-actions.ts";
import "./delete-user.ts";
import "./import-connections.ts";
import { limitAnswers } from "./answer-limit.ts";
import { builder } from "./builder.ts";

/** The whole contract, executable. `schema.graphql` is its printed form. */
export const schema = limitAnswers(builder.toSchema());
