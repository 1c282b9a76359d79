import type { OwnerConnections, PlatformAccess } from "../../schema/upstream.ts";
import type { CreateConcurrencyLimit } from "../runtime/concurrency-limit.ts";
import type { SpanFacts } from "../runtime/tracing.ts";
import type { Telemetry } from "../runtime/telemetry.ts";
import { createSubscriptionLimit, MAXIMUM_SUBSCRIPTIONS, MAXIMUM_SUBSCRIPTIONS_PER_USER } from "../runtime/subscription-limit.ts";
import { assertAskedKind } from "./asked-kind.ts";
import { guard, type Guards } from "./guard.ts";
import { observeOutcomes } from "./observe.ts";
import type { Adapter, Caller, HeldConnections, Requester, Upstream } from "./upstream.ts";
import { factsOfOwner, factsOfViewer, traceTokens } from "./trace-tokens.ts";
import { withholdGroupTokens } from "./withhold.ts";

/** Whose streams of events are counted as those of one user. No user has this id. */
const ALL_SERVERS = "";

export interface WrapOptions extends Pick<Guards, "origins"> {
  telemetry: Telemetry;
  /** Counts the open subscriptions of each user. Default: this process counts alone. */
  createUserLimit?: CreateConcurrencyLimit | undefined;
}

/** Makes an upstream of an adapter. Each user's connections pass the same wrappers, so that no adapter has to withhold, guard or count. */
export function wrapAdapter(adapter: Adapter, { origins, telemetry, createUserLimit }: WrapOptions): Upstream {
  const guards = { origins, limit: createSubscriptionLimit(MAXIMUM_SUBSCRIPTIONS, MAXIMUM_SUBSCRIPTIONS_PER_USER, createUserLimit) };

  /** What was wrapped before, by what it wraps. */
  const wrappedReads = new WeakMap<HeldConnections, OwnerConnections>();
  const wrappedPlatforms = new WeakMap<PlatformAccess, PlatformAccess>();

  /** From the inside out. */
  const observe = <Connections extends OwnerConnections>(connections: Connections, findFacts: () => SpanFacts): Connections => {
    const counted = observeOutcomes(assertAskedKind(connections), telemetry.metrics.countOutcome);
    return telemetry.tracing ? traceTokens(telemetry.tracing, findFacts(), counted) : counted;
  };

  function wrapReads(shared: HeldConnections): OwnerConnections {
    const wrapped = wrappedReads.get(shared) ?? observe(withholdGroupTokens(shared), () => factsOfViewer(shared));
    wrappedReads.set(shared, wrapped);
    return wrapped;
  }

  function wrapCaller(caller: Caller<HeldConnections>): Caller {
    const { viewer, actor, admit, stillAllowed, shared } = caller;
    return {
      viewer,
      actor,
      admit,
      stillAllowed,
      connectionsIn(browser) {
        const held = caller.connectionsIn(browser);
        return observe(guard(withholdGroupTokens(held), caller, guards), () => factsOfViewer(held));
      },
      shared: shared && wrapReads(shared),
    };
  }

  const wrapRequester = (requester: Requester<HeldConnections>): Requester =>
    requester.kind === "user" ? { kind: "user", caller: wrapCaller(requester.caller) } : requester;

  const wrapPlatform = (platform: PlatformAccess): PlatformAccess => {
    const { events } = platform;
    return {
      ...platform,
      connectionsOf: (owner) => observe(platform.connectionsOf(owner), () => factsOfOwner(owner)),
      ...(events && { events: (after) => guards.limit(ALL_SERVERS, () => events(after)) }),
    };
  };

  const { users, pages } = adapter;
  return {
    ...adapter,
    users: {
      ...users,
      identify(exchange) {
        const identified = users.identify(exchange);
        return identified instanceof Promise ? identified.then(wrapRequester) : wrapRequester(identified);
      },
    },
    pages: pages && { ...pages, callerOf: (viewer, limits) => wrapCaller(pages.callerOf(viewer, limits)) },
    forPlatform(clientAddress) {
      const platform = adapter.forPlatform(clientAddress);
      const wrapped = wrappedPlatforms.get(platform) ?? wrapPlatform(platform);
      wrappedPlatforms.set(platform, wrapped);
      return wrapped;
    },
  };
}
