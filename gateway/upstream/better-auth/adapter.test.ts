import { betterAuthLacks, createBetterAuthHarness } from "../../../test/support/better-auth-harness.ts";
import { databaseKinds } from "../../../test/support/databases.ts";
import { describeUpstream } from "../../upstream-suite/upstream.ts";

for (const kind of databaseKinds)
  describeUpstream(`better-auth on ${kind}`, () => createBetterAuthHarness(kind, kind === "postgres"), betterAuthLacks);
