import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ownerOfViewer } from "../../gateway/index.ts";
import { requestWithBearer } from "../../gateway/http/bearer-request.ts";
import { noLimits } from "../../gateway/http/rate-limits.ts";
import { systemClock } from "../../gateway/runtime/clock.ts";
import { createTestDatabase } from "../../test/support/databases.ts";
import { parseTestConfig } from "../../test/support/test-app.ts";
import { openUpstream } from "../../test/support/upstream.ts";
import type { Lacks } from "../../gateway/upstream-suite/capabilities.ts";
import { HOUR_MS, type UpstreamHarness } from "../../gateway/upstream-suite/harness.ts";
import { describeUpstream } from "../../gateway/upstream-suite/upstream.ts";
import { createTableAdapter } from "./adapter.ts";
import { openTokenTable } from "./table.ts";

const offer = { shortDescription: null, description: null, markUrl: null, supportsMultipleConnections: false };
const offers = [
  { ...offer, slug: "test", name: "Test" },
  {
    ...offer,
    slug: "single",
    name: "Single",
    shortDescription: "One of it",
    description: "**Only** one",
    markUrl: "https://single.example/mark.svg",
  },
  { ...offer, slug: "key", name: "Key" },
];

const byTheApp = "the app's own job refreshes the table";
const lacks: Lacks = {
  movedClock: byTheApp,
  scriptedProvider: byTheApp,
  minimumLife: byTheApp,
  rejected: byTheApp,
  health: byTheApp,
  misconfigured: byTheApp,
  connecting: "users connect on the app's own page",
  statesScopes: "the table has no column for it",
  connectedBy: "the table has no column for it",
  marksSecretFields: "the table has OAuth alone",
  credentialKinds: "the table has OAuth alone",
};

async function createTableHarness(): Promise<UpstreamHarness> {
  const database = await createTestDatabase("sqlite");
  const table = openTokenTable(":memory:");
  const open = createTableAdapter({ table, offers, settingsUrl: "https://app.acme.example/settings/" });
  const { services, upstream, close } = await openUpstream(parseTestConfig(database), systemClock, open);
  return {
    catalog: upstream.catalog,
    platform: upstream.forPlatform(),
    async signIn(id, groupId) {
      const { token } = await services.auth.provisionUser({ id, ...(groupId !== undefined && { groupId }) });
      const request = requestWithBearer(token);
      const authenticate = () => services.auth.authenticate(request);
      const requester = await upstream.users.identify({ request, limits: noLimits, authenticate });
      if (requester.kind !== "user") throw new TypeError("A bearer is a user's.");
      const viewer = await requester.caller.viewer();
      return {
        viewer,
        connections: requester.caller.connectionsIn({ bind: () => "", link: null }),
        async visit(authorizeUrl) {
          const connector = new URL(authorizeUrl ?? "").pathname.split("/").at(-1) ?? "";
          table.put(ownerOfViewer(viewer), { connector, account: id, token: crypto.randomUUID(), expires_at: Date.now() + HOUR_MS });
        },
      };
    },
    async close() {
      await close();
      await database.drop();
    },
  };
}

describeUpstream("a table of tokens", createTableHarness, lacks);

test("the example shows a user their token, and withholds the group's", async () => {
  const cwd = fileURLToPath(new URL("../../", import.meta.url));
  const { stdout } = await promisify(execFile)("npm", ["run", "--silent", "example:own-token-table"], { cwd });
  const lines = stdout.trim().split("\n");
  expect(lines[0]).toContain('"connectorUrl":"http://localhost:4000/connectors/mail"');
  expect(lines[1]).toContain('"authorizeUrl":"https://app.acme.example/settings/connections/mail?returnTo=');
  expect(lines[2]).toContain('"value":"token-of-ada"');
  expect(lines[3]).toContain('"__typename":"TokenWithheld"');
});
