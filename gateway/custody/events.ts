import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import type { EventType } from "../../schema/events.ts";
import { connectorUrlOf } from "../providers/connector-url.ts";
import type { ConnectionRow, Tables } from "../store/tables.ts";
import type { Webhook } from "./webhook.ts";

/** What an event is of: a connection, or a connector as a whole. */
export type EventSubject = { connection: Pick<ConnectionRow, "id" | "owner_kind" | "owner_id" | "connector_slug"> } | { slug: string };

/** An event that is about to be written. */
export interface NewEvent {
  type: EventType;
  subject: EventSubject;
  /** What the payload says beside its subject. */
  facts: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface EventOptions {
  /** Where this gateway is reached, without a slash at the end. */
  publicUrl: string;
  /** Who is told. */
  webhooks: readonly Pick<Webhook, "name" | "events">[];
}

/**
 * Lets one transaction at a time write events, until it ends: what it then reads of them is what it writes after. To be locked before any
 * trouble of a connector, so that two never wait for each other.
 */
export async function lockEvents(transaction: Transaction<Tables>): Promise<void> {
  await transaction
    .updateTable("counters")
    .set((row) => ({ last: row.ref("last") }))
    .where("name", "=", "events")
    .execute();
}

/**
 * Writes an event, and a delivery of it for each webhook that wants it, in the transaction of the change itself. It is the last that the
 * transaction locks: others that write events wait for its end, so that events are numbered in the order of their commits.
 */
export async function addEvent(transaction: Transaction<Tables>, event: NewEvent, options: EventOptions): Promise<void> {
  const { type, subject, at } = event;
  const { last: number } = await transaction
    .updateTable("counters")
    .set((row) => ({ last: row("last", "+", 1) }))
    .where("name", "=", "events")
    .returning("last")
    .executeTakeFirstOrThrow();
  const connection = "connection" in subject ? subject.connection : null;
  const slug = "connection" in subject ? subject.connection.connector_slug : subject.slug;
  const row = {
    number,
    id: `evt_${randomUUID()}`,
    type,
    connector_slug: slug,
    connection_id: connection?.id ?? null,
    owner_kind: connection?.owner_kind ?? null,
    owner_id: connection?.owner_id ?? null,
    body: JSON.stringify(bodyOf(event, options.publicUrl)),
    at,
  };
  await transaction.insertInto("events").values(row).execute();
  const deliveries = options.webhooks
    .filter(({ events }) => events.includes(type))
    .map(({ name }) => ({ ...newDelivery, endpoint: name, number, ordered_by: orderOf(connection?.id ?? null, slug), next_at: at }));
  if (deliveries.length > 0) await transaction.insertInto("deliveries").values(deliveries).execute();
}

/** The body of an event that was erased with its user. Its id stays, so that who has read it can go on after it. */
export const ERASED_BODY = "";

/** A delivery that was not tried yet. */
export const newDelivery = { attempts: 0, dead_at: null, outcome: null };

/** Events of one connection are delivered in their order, and those of one connector itself. */
export const orderOf = (connectionId: string | null, slug: string): string => connectionId ?? `connector:${slug}`;

/** As Xkit sent it, and more facts beside. `connector_url` is where the user mends the connection. */
function bodyOf({ type, subject, facts, at }: NewEvent, publicUrl: string): object {
  const slug = "connection" in subject ? subject.connection.connector_slug : subject.slug;
  const of =
    "connection" in subject
      ? {
          context: { external_id: subject.connection.owner_id, kind: subject.connection.owner_kind },
          connection: { external_id: subject.connection.id },
        }
      : {};
  return {
    event_type: type,
    payload: {
      connector: { slug },
      ...of,
      connector_url: connectorUrlOf(publicUrl, slug),
      occurred_at: new Date(at).toISOString(),
      ...facts,
    },
  };
}
