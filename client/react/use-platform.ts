import { PlatformDocument } from "../generated/graphql.ts";
import type { Platform } from "../api/types.ts";
import { type Reading, useReading } from "./use-reading.ts";

const NO_VARIABLES = {};

/** The app that runs the gateway. Public. */
export const usePlatform = (): Reading<Platform> => useReading(PlatformDocument, NO_VARIABLES, ({ platform }) => platform);
