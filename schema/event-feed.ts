import { z } from "zod";
import { builder } from "./builder.ts";
import { requirePlatform } from "./context.ts";
import { forbidden } from "./errors.ts";
import { eventTypes, type EventType, type GatewayEvent } from "./events.ts";
import type { PlatformAccess } from "./upstream.ts";

/** The id of an event. */
export const eventIdSchema = z.string().regex(/^evt_[0-9a-f-]{36}$/, "must be the id of an event");

const descriptions: Record<EventType, string> = {
  "connection.enabled": "A user connected.",
  "connection.disabled": "A connection was disconnected or disabled.",
  "connection.errored": "A connection ended. Only its user can fix this.",
  "connection.healed": "A connection that had ended works again.",
  "connection.expiring": "A connection ends soon. Only its user can renew it.",
  "connection.account_changed": "A connection now belongs to another account.",
  "connector.misconfigured": "Connections fail because their connector is misconfigured, or because many end at once.",
  "connector.healed": "Connections work again after a failure of their connector, or many recover at once.",
};

const EventTypeType = builder.enumType("EventType", {
  description: "The type of an event. Webhooks receive it with a dot: `connection.enabled`.",
  values: Object.fromEntries(
    eventTypes.map((type) => [type.replace(".", "_").toUpperCase(), { value: type, description: descriptions[type] }]),
  ),
});

const EventObject = builder.objectRef<GatewayEvent>("Event").implement({
  description: "An event for servers.",
  fields: (t) => ({
    id: t.exposeID("id", {
      description: "The event's id, which is also the `webhook-id` of its deliveries. When you reconnect, pass the last one as `after`.",
    }),
    type: t.expose("type", { type: EventTypeType, description: "What happened." }),
    at: t.expose("at", { type: "DateTime", description: "When it happened." }),
    body: t.exposeString("body", { description: "The body that webhooks receive, as JSON: `event_type` and `payload`." }),
  }),
});

/** What a server follows. Throws FORBIDDEN where the upstream tells no events. */
export function openEvents(platform: PlatformAccess, after: string | null): Promise<AsyncIterable<GatewayEvent>> {
  if (!platform.events) throw forbidden("This gateway's upstream does not send events here: subscribe at the upstream.");
  return platform.events(after);
}

builder.subscriptionField("events", (t) =>
  t.field({
    type: EventObject,
    description: "New events in order, or those after a given one. Events are kept for seven days. Servers only.",
    args: {
      after: t.arg.id({ description: "Id of the last event that you received. Default: only new events.", validate: eventIdSchema }),
    },
    subscribe: (_root, { after }, context) => openEvents(requirePlatform(context), after ?? null),
    resolve: (event) => event,
  }),
);
