import type { Authorization, Connector, Viewer } from "../../schema/upstream.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import type { OpenUpstream } from "../upstream/outside/adapter.ts";
import { assertReasons, type Lacks, type Reasons } from "./capabilities.ts";
import { collect, type ScriptedProvider, type UpstreamHarness } from "./harness.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";
import { identify, openAdapter } from "./open.ts";
import { describeUpstream } from "./upstream.ts";

/** What the suite decides. */
export interface SuiteWorld {
  /** The connectors that the adapter offers, in this order: `test`, which asks for the scopes `read` and `write`, `single`, which asks for `read` and allows `write`, and `key`. Last `code`, whose users enter a code at the provider, unless the harness lacks `deviceCodes`. */
  connectors: readonly Omit<Connector, "connectorUrl">[];
  /** What `key` asks of the user. For an adapter to which users hand that in through the port. */
  collect: NonNullable<Authorization["collect"]>;
  /** The adapter's `runtime.clock`. It stands still until a test moves it, or is this machine's for a harness that lacks `movedClock`. */
  clock: Clock;
}

/** An adapter with everything behind it, empty. */
export interface AdapterHarness {
  /** The adapter: what `createApp(config, { upstream })` takes. */
  upstream: OpenUpstream;
  /**
   * Goes, as the user, where an authorization sends the browser, and connects there: once it resolves, the owner (`ownerOfViewer(viewer)`)
   * has a connection with a new token that lives for `HOUR_MS`.
   */
  visit(viewer: Viewer, authorizeUrl: string): Promise<void>;
  /** The user to whom the last code of the connector `code` was told enters it at the provider, and agrees. For a harness with `deviceCodes`. */
  enterCode?(): void | Promise<void>;
  /** Ends what stands behind the adapter. The adapter's own `close` was called before. */
  close?(): Promise<void>;
}

/** A harness whose provider does what a test says. */
export interface ScriptedHarness extends AdapterHarness {
  /** Behind the connectors `test` and `single`. */
  provider: ScriptedProvider;
}

/** What a harness has to bring: a scripted provider, unless it says why it lacks one. */
export type HarnessOf<Given extends Lacks> = Given extends { scriptedProvider: string } ? AdapterHarness : ScriptedHarness;

/**
 * States every behaviour of the port over an adapter, which runs in a gateway of its own.
 *
 * `lacks` names what cannot be shown of the adapter, each with the reason. A behaviour that needs it is skipped, and its title has the
 * reason. A capability that is not named is claimed: its behaviours run. Throws `TypeError` for a lack without a reason.
 */
export function describeAdapter<const Given extends Lacks>(
  name: string,
  createHarness: (world: SuiteWorld) => HarnessOf<Given> | Promise<HarnessOf<Given>>,
  lacks: Given & Reasons<Given>,
): void {
  assertReasons(lacks);
  const given: Lacks = { ...notInTheInterface, ...lacks };
  describeUpstream(name, () => openHarness(createHarness, given), given);
}

/** What no adapter from outside is asked for. */
const notInTheInterface: Lacks = {
  connectionActions: "an adapter from outside is not asked to",
  deletesUsers: "an adapter from outside is not asked to",
  importing: "an adapter from outside is not asked to",
  listsConnections: "an adapter from outside has the connections of one owner at a time",
};

type Harness = AdapterHarness | ScriptedHarness;

async function openHarness(createHarness: (world: SuiteWorld) => Harness | Promise<Harness>, lacks: Lacks): Promise<UpstreamHarness> {
  const moved = lacks.movedClock === undefined ? createSuiteClock() : null;
  const clock = moved ?? systemClock;
  const harness = await createHarness({ connectors: connectorsFor(lacks), collect, clock });
  const opened = await openAdapter(harness.upstream, clock);
  const { services, upstream } = opened;
  return {
    catalog: upstream.catalog,
    platform: upstream.forPlatform(),
    ...(moved && { clock: moved }),
    ...("provider" in harness && { provider: harness.provider }),
    ...(harness.enterCode && { enterCode: () => harness.enterCode?.() }),
    async signIn(id, groupId) {
      const { token } = await services.auth.provisionUser({ id, ...(groupId !== undefined && { groupId }) });
      const user = await identify(opened, token);
      return {
        ...user,
        async visit(authorizeUrl) {
          if (authorizeUrl === null) throw new TypeError("What was started has an authorizeUrl.");
          await harness.visit(user.viewer, authorizeUrl);
        },
      };
    },
    async close() {
      await opened.close();
      await harness.close?.();
    },
  };
}

/** Stands still until it is moved. Who waits for an instant wakes also when that much time has passed: live views ask again. */
function createSuiteClock(): ManualClock {
  const clock = createManualClock();
  const until = (instant: number) => Promise.race([clock.until(instant), systemClock.until(Date.now() + instant - clock.now())]);
  return { ...clock, until };
}

function connectorsFor({ severalConnections, deviceCodes }: Lacks): SuiteWorld["connectors"] {
  const nothing = { shortDescription: null, description: null, markUrl: null, supportsMultipleConnections: false };
  return [
    { ...nothing, slug: "test", name: "Test", supportsMultipleConnections: severalConnections === undefined },
    {
      ...nothing,
      slug: "single",
      name: "Single",
      shortDescription: "One of it",
      description: "**Only** one",
      markUrl: "https://single.example/mark.svg",
    },
    { ...nothing, slug: "key", name: "Key" },
    ...(deviceCodes === undefined ? [{ ...nothing, slug: "code", name: "Code" }] : []),
  ];
}
