import { createNangoHarness, nangoLacks } from "../../../test/support/nango-harness.ts";
import { describeUpstream } from "../../upstream-suite/upstream.ts";

describeUpstream(
  "the nango adapter, with webhooks, on postgres",
  () => createNangoHarness({ kind: "postgres", hasWebhooks: true }),
  nangoLacks,
);
describeUpstream(
  "the nango adapter, without webhooks, on sqlite",
  () => createNangoHarness({ kind: "sqlite", hasWebhooks: false }),
  nangoLacks,
);
