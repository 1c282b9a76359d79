/**
 * Every behaviour of the port, stated once and run over every adapter: of this gateway's own by tests beside them, of those from outside
 * by `describeAdapter`.
 */
import { afterAll, beforeAll, describe, expect } from "vitest";
import { parseMarkdown } from "../../schema/markdown.ts";
import { type Behaves, type Capability, createBehaves, type Lacks } from "./capabilities.ts";
import { describeCollectedFields } from "./collected-fields.ts";
import { describeConnectionActions } from "./connection-actions.ts";
import { describeConnecting } from "./connecting.ts";
import { describeDeviceCodes } from "./device-codes.ts";
import { describeDisconnecting } from "./disconnecting.ts";
import { describeGroups } from "./groups.ts";
import { newConnection, type Suite, type UpstreamHarness } from "./harness.ts";
import { describeHealth } from "./health.ts";
import { describeKinds } from "./kinds.ts";
import { describeLists } from "./lists.ts";
import { describeMetadata } from "./metadata.ts";
import { describeOutcomes } from "./outcomes.ts";
import { describeProvisioning, describeServers } from "./servers.ts";
import { describeSeveralConnections, describeSingleConnection } from "./several-connections.ts";
import { describeRefreshing, describeTokens } from "./tokens.ts";
import { describeWatching } from "./watching.ts";

/** States every behaviour of the port over one adapter. `lacks`: why behaviours cannot be shown there, by what they need. */
export function describeUpstream(name: string, createHarness: () => Promise<UpstreamHarness>, lacks: Lacks = {}): void {
  // The title is the adapter's, the tests are the same for each.
  // oxlint-disable-next-line vitest/valid-title
  describe(name, () => {
    let harness: UpstreamHarness | undefined;
    let count = 0;
    beforeAll(async () => {
      harness = await createHarness();
    });
    afterAll(() => harness?.close());

    const whenReady = (): UpstreamHarness => {
      if (!harness) throw new TypeError("The harness is there once the tests run.");
      return harness;
    };
    const unique = (prefix: string) => `${prefix}-${(count += 1)}`;
    const suite: Suite = {
      harness: whenReady,
      provider: () => required(whenReady().provider, "scriptedProvider"),
      clock: () => required(whenReady().clock, "movedClock"),
      enterCode: () => required(whenReady().enterCode, "deviceCodes")(),
      unique,
      newUser: (groupId) => whenReady().signIn(unique("user"), groupId),
      again: ({ viewer }) => whenReady().signIn(viewer.userId),
      async connect(user, slug = "test", id) {
        const started = await user.connections.start(slug, { ...newConnection, id: id ?? null });
        await user.visit(started.authorization?.authorizeUrl ?? null);
        // Where users connect elsewhere, a connection has an id of the upstream's once it is made.
        const connection = await user.connections.find(lacks.connecting === undefined ? { id: started.id } : { slug });
        if (!connection) throw new TypeError("What was started can be found.");
        return connection;
      },
    };
    const behaves = createBehaves(lacks);
    describeCatalog(suite, behaves, lacks);
    describeConnecting(suite, behaves);
    describeSeveralConnections(suite, behaves);
    describeSingleConnection(suite, behaves);
    describeDisconnecting(suite, behaves);
    describeCollectedFields(suite, behaves);
    describeDeviceCodes(suite, behaves);
    describeTokens(suite, behaves);
    describeRefreshing(suite, behaves);
    describeKinds(suite, behaves);
    describeHealth(suite, behaves);
    describeMetadata(suite, behaves);
    describeOutcomes(suite, behaves);
    describeGroups(suite, behaves);
    describeServers(suite, behaves);
    describeProvisioning(suite, behaves);
    describeLists(suite, behaves);
    describeConnectionActions(suite, behaves);
    describeWatching(suite, behaves);
  });
}

function required<Part>(part: Part | undefined, capability: Capability): Part {
  if (part === undefined) throw new TypeError(`A harness without this part says that it lacks ${capability}.`);
  return part;
}

function describeCatalog({ harness }: Suite, behaves: Behaves, { deviceCodes }: Lacks): void {
  describe("the catalog", () => {
    behaves("names the platform", [], async () => {
      expect(await harness().catalog.getPlatform()).toMatchObject({
        name: "Acme",
        slug: "platform",
        website: "https://acme.example",
        loginRedirectUrl: "https://acme.example/login",
      });
    });

    behaves("lists the connectors in the order of the configuration", [], async () => {
      const connectors = await harness().catalog.listConnectors();
      expect(connectors.map(({ slug }) => slug)).toEqual(["test", "single", "key", ...(deviceCodes === undefined ? ["code"] : [])]);
    });

    behaves("answers one connector with everything the catalog shows, and its page", [], async () => {
      const found = await harness().catalog.findConnector("single");
      if (!found) throw new Error('The harness has no connector "single".');
      const { categories = [], searchTerms = [], permissions = [], descriptionTree, ...connector } = found;
      // The tree of the description may be left out: it is then made from the text.
      const tree = await parseMarkdown("**Only** one");
      expect((await descriptionTree) ?? tree).toEqual(tree);
      expect({ categories, searchTerms, ...connector }).toEqual({
        slug: "single",
        name: "Single",
        shortDescription: "One of it",
        description: "**Only** one",
        markUrl: "https://single.example/mark.svg",
        supportsMultipleConnections: false,
        connectorUrl: expect.stringMatching(/^https?:\/\/[^/]+\/connectors\/single$/),
        categories: [],
        searchTerms: [],
      });
      // Not every upstream tells what it asks for, and some ask for more.
      const told = permissions.length > 0 ? [{ scope: "read", text: null, isRequired: true }] : [];
      expect(permissions.filter(({ scope }) => scope === "read")).toEqual(told);
    });

    behaves("answers null for a connector that it does not have", [], async () => {
      expect(await harness().catalog.findConnector("nothing")).toBeNull();
    });
  });
}
