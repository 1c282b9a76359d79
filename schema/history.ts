import { z } from "zod";
import { ConnectedByType } from "./authorization.ts";
import { builder } from "./builder.ts";
import { ConnectionType } from "./connection.ts";
import { type HistoryEntry, type HistoryKind, historyKinds } from "./events.ts";
import { ProblemType } from "./health.ts";
import { type PageFacts, PageInfoType } from "./page.ts";

/** Entries of one page: at most, and unless the caller says. */
const MAXIMUM_PAGE = 100;
const DEFAULT_PAGE = 20;

const descriptions: Record<HistoryKind, string> = {
  connected: "A user connected it, for the first time or after it was disconnected.",
  reconnected: "A user connected it again while it was connected.",
  refreshed: "Its token was refreshed, as often as `count` says.",
  broke: "It ended: only the user can mend it, by connecting again.",
  healed: "It works again.",
  misconfigured: "Its connector is set up wrong, so that it does not work any more.",
  expiring: "Its end is near: only the user can renew it, by connecting again.",
  scopes_changed: "Other scopes are granted than before.",
  account_changed: "It is of another account at the provider than before.",
  disconnected: "It was disconnected.",
  disabled: "A server disabled it.",
  enabled: "A server enabled it again.",
};

const HistoryKindType = builder.enumType("HistoryKind", {
  description: "What happened to a connection.",
  values: Object.fromEntries(historyKinds.map((kind) => [kind.toUpperCase(), { value: kind, description: descriptions[kind] }])),
});

const HistoryEntryType = builder.objectRef<HistoryEntry>("HistoryEntry").implement({
  description: "Something that happened to a connection.",
  fields: (t) => ({
    kind: t.expose("kind", { type: HistoryKindType, description: "What happened." }),
    at: t.expose("at", { type: "DateTime", description: "When it happened, for the last time." }),
    firstAt: t.expose("firstAt", { type: "DateTime", description: "When it happened first, of the times that are counted here." }),
    count: t.exposeInt("count", { description: "How often it happened: more than once for refreshes alone." }),
    by: t.field({
      type: ConnectedByType,
      nullable: true,
      description: "The user who did it; null where no user did.",
      resolve: ({ by }) => by,
    }),
    tokenKind: t.exposeString("tokenKind", {
      nullable: true,
      description: "The kind of token that it happened to, where it was not the connection's own.",
    }),
    code: t.exposeString("code", { nullable: true, description: "Why it broke, as a code: `invalid_grant`." }),
    problem: t.field({
      type: ProblemType,
      nullable: true,
      description: "What was wrong, for an end user to read; null where nothing was.",
      resolve: ({ problem }) => problem,
    }),
    addedScopes: t.exposeStringList("addedScopes", { description: "Scopes that are granted from then on." }),
    removedScopes: t.exposeStringList("removedScopes", { description: "Scopes that are not granted any more." }),
  }),
});

type HistoryNode = Omit<PageFacts, "count"> & { entries: HistoryEntry[] };

const cursorOf = ({ number }: HistoryEntry): string => Buffer.from(String(number)).toString("base64url");

const HistoryEdgeType = builder.objectRef<HistoryEntry>("HistoryEdge").implement({
  description: "An entry in its list.",
  fields: (t) => ({
    cursor: t.string({ description: "What to give as `after` for what follows it.", resolve: cursorOf }),
    node: t.field({ type: HistoryEntryType, description: "The entry.", resolve: (entry) => entry }),
  }),
});

const HistoryType = builder.objectRef<HistoryNode>("HistoryConnection").implement({
  description: "What happened to a connection, the newest first. The newest 100 entries are kept.",
  fields: (t) => ({
    edges: t.field({ type: [HistoryEdgeType], description: "The entries of this page.", resolve: ({ entries }) => entries }),
    pageInfo: t.field({ type: PageInfoType, description: "Whether more follow.", resolve: (page) => page }),
  }),
});

const firstSchema = z.int().min(0, "must be 0 or more").max(MAXIMUM_PAGE, `must be at most ${MAXIMUM_PAGE}`);

/** A cursor holds a number of at most 12 digits. */
const afterSchema = z.string().refine((cursor) => numberIn(cursor) !== null, "must be a cursor of this list");

function numberIn(cursor: string): number | null {
  const text = cursor.length > 16 ? "" : Buffer.from(cursor, "base64url").toString("latin1");
  return /^\d{1,12}$/.test(text) ? Number(text) : null;
}

builder.objectField(ConnectionType, "history", (t) =>
  t.field({
    type: HistoryType,
    nullable: true,
    description: "What happened to it, the newest first; null where the upstream keeps no history.",
    args: {
      first: t.arg.int({ description: `Entries at most, 0 to ${MAXIMUM_PAGE}. Default: ${DEFAULT_PAGE}.`, validate: firstSchema }),
      after: t.arg.string({ description: "A cursor: what follows it. Default: from the newest.", validate: afterSchema }),
    },
    async resolve({ source, id }, { first, after }): Promise<HistoryNode | null> {
      const size = first ?? DEFAULT_PAGE;
      const before = typeof after === "string" ? numberIn(after) : null;
      const found = await source.history?.(id, { first: size + 1, before });
      if (!found) return null;
      const entries = found.slice(0, size);
      const [start = null, end = start] = [entries[0], entries.at(-1)].map((entry) => entry && cursorOf(entry));
      return { entries, start, end, next: found.length > size ? end : null, isFirst: before === null };
    },
  }),
);
