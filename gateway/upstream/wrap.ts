import type { AccessTokenOutcome } from "../../schema/upstream.ts";
import { createSubscriptionLimit, MAXIMUM_SUBSCRIPTIONS, MAXIMUM_SUBSCRIPTIONS_PER_USER } from "../runtime/subscription-limit.ts";
import { assertAskedKind } from "./asked-kind.ts";
import { guard, type Guards } from "./guard.ts";
import { observeOutcomes } from "./observe.ts";
import type { Adapter, Caller, HeldConnections, Upstream } from "./upstream.ts";
import { withholdGroupTokens } from "./withhold.ts";

export interface WrapOptions extends Pick<Guards, "origins"> {
  /** Called with the outcome of each question for an access token. */
  countOutcome(this: void, type: AccessTokenOutcome["type"]): void;
}

/** Makes an upstream of an adapter. Each user's connections pass the same wrappers, so that no adapter has to withhold, guard or count. */
export function wrapAdapter(adapter: Adapter, { origins, countOutcome }: WrapOptions): Upstream {
  const guards = { origins, limit: createSubscriptionLimit(MAXIMUM_SUBSCRIPTIONS, MAXIMUM_SUBSCRIPTIONS_PER_USER) };

  /** From the inside out. */
  function wrapCaller(caller: Caller<HeldConnections>): Caller {
    return {
      ...caller,
      connectionsIn(browser) {
        const withheld = withholdGroupTokens(caller.connectionsIn(browser));
        const guarded = guard(withheld, caller, guards);
        return observeOutcomes(assertAskedKind(guarded), countOutcome);
      },
    };
  }

  const { users, pages } = adapter;
  return {
    ...adapter,
    users: {
      ...users,
      async identify(exchange) {
        const requester = await users.identify(exchange);
        return requester.kind === "user" ? { kind: "user", caller: wrapCaller(requester.caller) } : requester;
      },
    },
    pages: pages && { ...pages, callerOf: (viewer, limits) => wrapCaller(pages.callerOf(viewer, limits)) },
    forPlatform(clientAddress) {
      const platform = adapter.forPlatform(clientAddress);
      return { ...platform, connectionsOf: (owner) => observeOutcomes(assertAskedKind(platform.connectionsOf(owner)), countOutcome) };
    },
  };
}
