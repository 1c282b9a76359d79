import { isTemporary, LONGEST_WAIT_MS, pause, waitMs } from "../api/backoff.ts";
import { XkitError } from "../api/errors.ts";
import { EventsDocument } from "./generated/graphql.ts";
import { NoGatewayError, type ServerApi } from "./server-api.ts";

interface Occurrence {
  /** The connector, by its slug. */
  connector: { slug: string };
  /** The page where the user repairs the connection. */
  connector_url: string;
  /** RFC 3339. */
  occurred_at: string;
}

interface OfConnection extends Occurrence {
  /** The connection's owner, by your own id. */
  context: { external_id: string; kind: "user" | "group" };
  connection: { external_id: string };
}

interface OfConnector extends Occurrence {
  /** How many connections it is about. */
  count: number;
  /** When the first one was noticed; RFC 3339. */
  since: string;
}

/** What a webhook or the event stream tells, told apart by `event_type`. Types that are added later come as they are. */
export type GatewayEvent = {
  /** The same for each delivery of one event: the webhook's `webhook-id`, and the stream's `after`. */
  id: string;
} & (
  | {
      event_type: "connection.enabled" | "connection.disabled" | "connection.healed" | "connection.account_changed";
      payload: OfConnection;
    }
  | { event_type: "connection.errored"; payload: OfConnection & { error: { code: string } } }
  | { event_type: "connection.expiring"; payload: OfConnection & { /** RFC 3339. */ ends_at: string } }
  | { event_type: "connector.misconfigured"; payload: OfConnector & { error: { code: string } } }
  | { event_type: "connector.healed"; payload: OfConnector }
  /** By `xkit-gateway webhooks test`, to webhooks alone. */
  | { event_type: "webhook.test"; payload: Pick<Occurrence, "occurred_at"> }
);

export interface EventOptions {
  /** The id of the last event that is known. Events are kept for seven days. Default: from now on. */
  after?: string;
  signal?: AbortSignal;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
/** The envelope is checked here; that `payload` fits the type is the gateway's promise. */
const isBody = (value: unknown): value is Omit<GatewayEvent, "id"> =>
  isObject(value) && typeof value["event_type"] === "string" && isObject(value["payload"]);
const isEvent = (value: { id: string }): value is GatewayEvent => isBody(value);

/** The event, or null for a text that is none. */
export function parseEvent(id: string, body: string): GatewayEvent | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return null;
  }
  const event = { ...(isObject(parsed) && parsed), id };
  return isEvent(event) ? event : null;
}

/** Whether asking again later may succeed. A wrong address is reported as NETWORK, which pages may have for a moment. */
const mayPass = (error: unknown): boolean =>
  isTemporary(error) && !(error instanceof XkitError && error.networkError instanceof NoGatewayError);

/** Follows the events over breaks of the stream. Throws XkitError for what waiting does not mend. */
export async function* followEvents(
  { listen, authorization }: Pick<ServerApi, "listen" | "authorization">,
  { after, signal = new AbortController().signal }: EventOptions = {},
): AsyncGenerator<GatewayEvent, void> {
  let last = after;
  for (let failures = 0; !signal.aborted; failures += 1) {
    const startedAt = Date.now();
    let failure: unknown = null;
    try {
      for await (const { events } of listen({ document: EventsDocument, variables: { after: last }, authorization, signal })) {
        if (signal.aborted) return;
        failures = 0;
        last = events.id;
        // The body of an event is empty once its user is deleted.
        const event = events.body === "" ? null : parseEvent(events.id, events.body);
        if (event) yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!mayPass(error)) throw error;
      failure = error;
    }
    if (Date.now() - startedAt > LONGEST_WAIT_MS) failures = 0;
    await pause(waitMs(failures, failure), signal);
  }
}
