import type { Config } from "../config/config.ts";
import { isDecidedHere } from "../config/upstream.ts";
import { isLoopback } from "../http/secure-endpoint.ts";

export interface DevelopmentUser {
  id: string;
  name: string;
}

const users: readonly DevelopmentUser[] = [
  { id: "ada", name: "Ada" },
  { id: "grace", name: "Grace" },
];

/**
 * The users that a developer can sign in as without a token, for lack of a platform that would issue one.
 *
 * None in production, none where an upstream decides who its users are, and none where another machine can reach the gateway: every
 * visitor of its page could be each of them.
 */
export function developmentUsersOf({ mode, host, publicUrl, upstream }: Config): readonly DevelopmentUser[] {
  const isLocal = isLoopback(host) && isLoopback(new URL(publicUrl).hostname);
  return mode === "development" && isLocal && isDecidedHere("users", upstream) ? users : [];
}
