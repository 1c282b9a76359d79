import type { Failure } from "../http/failure.ts";
import type { Surface } from "../http/pipeline.ts";

/** Failures of a whole GraphQL request, as GraphQL writes errors. */
export const graphqlSurface: Surface = {
  cors: { methods: "GET,POST", headers: "authorization,content-type,accept,x-purpose" },
  challenge: "Bearer",
  toBody: ({ code, message, facts }: Failure) => ({ errors: [{ message, extensions: { code, ...facts } }] }),
};
