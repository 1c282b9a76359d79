import type { HistoryKind } from "../../schema/events.ts";
import type { Connection, Health, RefreshStatus } from "../../schema/upstream.ts";
import type { Tone } from "./parts.ts";

/** Words for how connections are, as `countConnections` names it and as a connection says of itself. */
export const healthWords: Record<Health, readonly [text: string, tone: Tone]> = {
  working: ["working", "good"],
  unavailable: ["provider unavailable", "warn"],
  misconfigured: ["misconfigured", "bad"],
  reconnect_required: ["reconnect required", "bad"],
};

const otherWords: Record<string, readonly [text: string, tone: Tone]> = {
  ...healthWords,
  disabled: ["disabled", "warn"],
  not_connected: ["not connected", "plain"],
  disconnected: ["disconnected", "plain"],
  connecting: ["never connected", "plain"],
  unknown: ["connector not configured", "warn"],
};

export const wordsOf = (state: string): readonly [text: string, tone: Tone] => otherWords[state] ?? [state, "plain"];

/** What a connection is, in one word of those above. */
export function stateOf({ enabled, disabledAt, authorization }: Connection): string {
  if (disabledAt) return "disabled";
  return enabled ? (authorization?.health ?? "connecting") : "not_connected";
}

/** What became of a refresh, to the operator. */
export const refreshWords: Record<RefreshStatus, readonly [text: string, tone: Tone]> = {
  refreshed: ["There is a new token.", "good"],
  still_fresh: ["The token was refreshed on request less than 30 s ago: the provider was not asked.", "plain"],
  not_refreshable: ["The token cannot be refreshed, as with an API key.", "plain"],
  not_connected: ["There is no token: the connection was disconnected, or never finished.", "warn"],
  disabled: ["The connection is disabled: enable it first.", "warn"],
  reconnect_required: ["Only the user can fix it, by connecting again.", "bad"],
  temporarily_unavailable: ["The provider did not respond properly, or is not asked for a while after a failure. Try again later.", "warn"],
  connector_misconfigured: ["The connector is misconfigured: check its configuration and the log.", "bad"],
};

/** Rows of each sort that a page counts at most: SQLite answers nothing else while it counts. */
const MOST_COUNTED = 10_000;
/** One more says that there are more. */
export const COUNT_LIMIT = MOST_COUNTED + 1;

/** A number that was counted up to `COUNT_LIMIT`. */
export const describeCount = (count: number): string =>
  count > MOST_COUNTED ? `more than ${MOST_COUNTED.toLocaleString("en-US")}` : String(count);

export const historyWords: Record<HistoryKind, string> = {
  connected: "Connected",
  reconnected: "Reconnected",
  refreshed: "Refreshed",
  broke: "Broke",
  healed: "Works again",
  misconfigured: "Misconfigured",
  expiring: "Ends soon",
  scopes_changed: "Scopes changed",
  account_changed: "Account changed",
  disconnected: "Disconnected",
  disabled: "Disabled",
  enabled: "Enabled",
};
