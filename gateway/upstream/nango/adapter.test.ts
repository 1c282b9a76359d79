import { createNangoHarness, nangoLacks } from "../../../test/support/nango-harness.ts";
import { describeUpstream } from "../../upstream-suite/upstream.ts";

describeUpstream("the nango adapter, with webhooks", () => createNangoHarness({ hasWebhooks: true }), nangoLacks);
describeUpstream("the nango adapter, without webhooks", () => createNangoHarness({ hasWebhooks: false }), nangoLacks);
