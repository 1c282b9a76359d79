import { useQuery } from "urql";
import { PlatformDocument } from "../generated/graphql.ts";
import type { Platform } from "../types.ts";
import { type Reading, select } from "./result.ts";

/** The app that runs the gateway. Public. */
export function usePlatform(): Reading<Platform> {
  const [state, refetch] = useQuery({ query: PlatformDocument });
  return [select(state, ({ platform }) => platform), refetch];
}
