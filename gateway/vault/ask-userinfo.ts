import type { StatedValues } from "../oauth/stated-values.ts";
import { fetchStated, needsUserInfo, type StatedRequest } from "../oauth/userinfo.ts";
import { observeProvider, type Telemetry } from "../runtime/telemetry.ts";

/** What the provider states of an account beside the tokens. It is asked only where a declared value is missing. */
export const askUserInfo = async (telemetry: Telemetry, connector: string, request: StatedRequest): Promise<StatedValues> =>
  needsUserInfo(request) ? observeProvider(telemetry, connector, "userinfo", () => fetchStated(request)) : {};
