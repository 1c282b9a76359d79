import { expect } from "vitest";
import type { AccessTokenOutcome } from "../../schema/upstream.ts";
import { anyToken, HOUR_MS, type Suite, type SuiteUser, TEST } from "./harness.ts";

/** Narrows to a token, or fails. */
export function granted(outcome: AccessTokenOutcome) {
  expect(outcome).toMatchObject({ type: "AccessToken" });
  if (outcome.type !== "AccessToken") throw new TypeError(`There is no token, but ${outcome.type}.`);
  return outcome;
}

/** Users with a connection, and how they ask for its token. */
export function createTokenRequests({ clock, newUser, again, connect }: Suite) {
  const connected = async (): Promise<SuiteUser> => {
    const user = await newUser();
    await connect(user);
    return user;
  };
  return {
    connected,
    /** Connected an hour ago, so that the token has expired. */
    async expired(): Promise<SuiteUser> {
      const user = await connected();
      clock().advance(HOUR_MS);
      return again(user);
    },
    tokenOf: (user: SuiteUser, request: Partial<typeof anyToken> = {}) => user.connections.accessToken(TEST, { ...anyToken, ...request }),
  };
}
