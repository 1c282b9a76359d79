/** What tests of tokens before Nango have in common. */
import { expect } from "vitest";
import type { AccessTokenOutcome, TokenRequest, ViewerConnections } from "../../schema/upstream.ts";
import { openNango, type OpenNango } from "./nango.ts";

export const HOUR_MS = 3_600_000;
export const MINUTE_MS = 60_000;
export const TEST = { slug: "test" };
export const anyToken: TokenRequest = { minimumTtl: null, rejected: null, verify: null };

/** The token of an outcome that has one. */
export function granted(outcome: AccessTokenOutcome) {
  expect(outcome).toMatchObject({ type: "AccessToken" });
  if (outcome.type !== "AccessToken") throw new TypeError(`There is no token, but ${outcome.type}.`);
  return outcome;
}

/** A Nango at which `ada` has connected. */
export async function openConnected(options: Parameters<typeof openNango>[0] = {}) {
  const world = await openNango(options);
  const ada = world.connectionsOf("ada");
  await world.connect(ada);
  return { world, ada };
}

export const ask = async (connections: ViewerConnections, request: Partial<TokenRequest> = {}): Promise<AccessTokenOutcome> =>
  connections.accessToken(TEST, { ...anyToken, ...request });

/** Requests for credentials. */
export const readsOf = ({ nango }: OpenNango): string[] => nango.requests.filter((request) => request.startsWith("GET /connections/"));

/** Those that force a refresh. */
export const forcedOf = (world: OpenNango): string[] => readsOf(world).filter((request) => request.includes("force_refresh=true"));
