import type { Operation } from "./operation.ts";
import { catalogOperations } from "./user-catalog.ts";
import { authorizationOperations, connectionOperations } from "./user-connections.ts";
import { sessionOperations } from "./user-sessions.ts";

/** The Platform User API: what pages of the platform ask (contract, "Browser endpoints"). */
export const platformUserOperations: readonly Operation[] = [
  ...sessionOperations,
  ...catalogOperations,
  ...connectionOperations,
  ...authorizationOperations,
];
