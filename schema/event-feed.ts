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
  "connection.errored": "A connection ended: only its user can mend it.",
  "connection.healed": "A connection that had ended works again.",
  "connection.expiring": "A connection ends soon: only its user can renew it.",
  "connection.account_changed": "A connection is of another account than before.",
  "connector.misconfigured": "Connections fail because their connector is set up wrong, or many end at once.",
  "connector.healed": "Connections work again that their connector had stopped, or many heal at once.",
};

const EventTypeType = builder.enumType("EventType", {
  description: "What happened. A webhook is told the same with a dot: `connection.enabled`.",
  values: Object.fromEntries(
    eventTypes.map((type) => [type.replace(".", "_").toUpperCase(), { value: type, description: descriptions[type] }]),
  ),
});

const EventObject = builder.objectRef<GatewayEvent>("Event").implement({
  description: "Something that servers are told.",
  fields: (t) => ({
    id: t.exposeID("id", {
      description: "Its own, and the `webhook-id` of its deliveries. Give the last one as `after` when you come back.",
    }),
    type: t.expose("type", { type: EventTypeType, description: "What happened." }),
    at: t.expose("at", { type: "DateTime", description: "When it happened." }),
    body: t.exposeString("body", { description: "What a webhook is sent, as JSON: `event_type` and `payload`." }),
  }),
});

/** What a server follows. Throws FORBIDDEN where the upstream tells no events. */
export function openEvents(platform: PlatformAccess, after: string | null): Promise<AsyncIterable<GatewayEvent>> {
  if (!platform.events) throw forbidden("This gateway's upstream tells no events: subscribe there.");
  return platform.events(after);
}

builder.subscriptionField("events", (t) =>
  t.field({
    type: EventObject,
    description: "Each event from now on, or after one that is known, in order. Events are kept for seven days. Servers only.",
    args: { after: t.arg.id({ description: "The last event that is known. Default: from now on.", validate: eventIdSchema }) },
    subscribe: (_root, { after }, context) => openEvents(requirePlatform(context), after ?? null),
    resolve: (event) => event,
  }),
);
