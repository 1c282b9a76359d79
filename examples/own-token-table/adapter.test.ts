import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
// In your own app: "xkit-gateway" and "xkit-gateway/upstream-suite".
import { ownerOfViewer } from "../../gateway/index.ts";
import { describeAdapter, HOUR_MS } from "../../gateway/upstream-suite/index.ts";
import { createTableAdapter } from "./adapter.ts";
import { openTokenTable } from "./table.ts";

const SECOND_MS = 1_000;
const byTheApp = "the app's own job refreshes the table";

describeAdapter(
  "a table of tokens",
  ({ connectors }) => {
    const table = openTokenTable(":memory:");
    let written = 0;
    return {
      upstream: createTableAdapter({ table, offers: connectors, settingsUrl: "https://app.acme.example/settings/" }),
      async visit(viewer, authorizeUrl) {
        const connector = new URL(authorizeUrl).pathname.split("/").at(-1) ?? "";
        const token = crypto.randomUUID();
        table.put(ownerOfViewer(viewer), {
          connector,
          account: viewer.userId,
          token,
          expires_at: Date.now() + HOUR_MS + SECOND_MS * (written += 1),
        });
      },
    };
  },
  {
    movedClock: "the app writes the table at its own time",
    scriptedProvider: byTheApp,
    minimumLife: byTheApp,
    rejected: byTheApp,
    health: byTheApp,
    misconfigured: byTheApp,
    connecting: "users connect on the app's own page",
    severalConnections: "the table has one row for each connector",
    statesScopes: "the table has no column for it",
    kinds: "the table has one row for each connector",
    asksScopes: "the table has no column for it",
    startsScopes: "the table has no column for it",
    grantLife: "the table has no column for it",
    deviceCodes: "users connect on the app's own page",
    apiAccess: "the table has no column for it",
    metadata: "the table has no column for it",
    connectedBy: "the table has no column for it",
    marksSecretFields: "the table has OAuth alone",
    describesFields: "the table has OAuth alone",
    credentialKinds: "the table has OAuth alone",
  },
);

test("the example shows a user their token, and withholds the group's", async () => {
  const cwd = fileURLToPath(new URL("../../", import.meta.url));
  const { stdout } = await promisify(execFile)("npm", ["run", "--silent", "example:own-token-table"], { cwd });
  const lines = stdout.trim().split("\n");
  expect(lines[0]).toContain('"connectorUrl":"http://localhost:4000/connectors/mail"');
  expect(lines[1]).toContain('"authorizeUrl":"https://app.acme.example/settings/connections/mail?returnTo=');
  expect(lines[2]).toContain('"value":"token-of-ada"');
  expect(lines[3]).toContain('"__typename":"TokenWithheld"');
});
