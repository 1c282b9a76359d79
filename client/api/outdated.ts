import { BadUserInputError } from "./errors.ts";

/** Whether the gateway is older than this client: it lacks a field or an argument that is asked for. */
export const isOutdated = (error: Error | undefined): boolean =>
  error instanceof BadUserInputError && /^(Cannot query field|Unknown (argument|type)) /.test(error.message);
