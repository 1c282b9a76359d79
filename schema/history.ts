import { sentencesFor } from "../client/languages/sentences.ts";
import { ConnectedByType } from "./authorization.ts";
import { builder } from "./builder.ts";
import { ConnectionType } from "./connection.ts";
import { type HistoryEntry, type HistoryKind, historyKinds } from "./events.ts";
import { ProblemType } from "./health.ts";
import { translateProblem } from "./problems.ts";
import { addPageFields, pageArgs, type PageNode, parsePageRequest, toPageNode } from "./page.ts";

const descriptions: Record<HistoryKind, string> = {
  connected: "A user connected it, for the first time or after it was disconnected.",
  reconnected: "A user connected it again while it was connected.",
  refreshed: "Its token was refreshed, as often as `count` says.",
  broke: "It ended. Only the user can fix this, by connecting again.",
  healed: "It works again.",
  misconfigured: "It stopped working, because its connector is misconfigured.",
  expiring: "It ends soon. Only the user can renew it, by connecting again.",
  scopes_changed: "The granted scopes changed.",
  account_changed: "It now belongs to another account at the provider.",
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
    firstAt: t.expose("firstAt", { type: "DateTime", description: "When it happened first, of the counted times." }),
    count: t.exposeInt("count", { description: "How often it happened. Only refreshes are counted together." }),
    by: t.field({
      type: ConnectedByType,
      nullable: true,
      description: "The user who did it; null where no user did.",
      resolve: ({ by }) => by,
    }),
    tokenKind: t.exposeString("tokenKind", {
      nullable: true,
      description: "The kind of token that it happened to, if not the connection's own.",
    }),
    code: t.exposeString("code", { nullable: true, description: "Why it broke, as a code: `invalid_grant`." }),
    problem: t.field({
      type: ProblemType,
      nullable: true,
      description: "The problem, for an end user to read; null if there was none.",
      resolve: ({ problem }, _args, { language }) => problem && translateProblem(problem, sentencesFor(language()).problems),
    }),
    addedScopes: t.exposeStringList("addedScopes", { description: "Scopes that were added." }),
    removedScopes: t.exposeStringList("removedScopes", { description: "Scopes that were removed." }),
  }),
});

const HistoryEdgeType = builder.objectRef<{ cursor: string; node: HistoryEntry }>("HistoryEdge").implement({
  description: "An entry in its list.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: "Its cursor: pass it as `after` to continue after it." }),
    node: t.expose("node", { type: HistoryEntryType, description: "The entry." }),
  }),
});

const HistoryType = builder.objectRef<PageNode<HistoryEntry>>("HistoryConnection").implement({
  description: "What happened to a connection, the newest first. The newest 100 entries are kept.",
  fields: (t) => ({ edges: t.expose("edges", { type: [HistoryEdgeType], description: "The entries of this page." }) }),
});
addPageFields(HistoryType);

builder.objectField(ConnectionType, "history", (t) =>
  t.field({
    type: HistoryType,
    nullable: true,
    description: "What happened to it, the newest first; null if the upstream keeps no history.",
    args: pageArgs(),
    async resolve({ source, id }, args): Promise<PageNode<HistoryEntry> | null> {
      const request = parsePageRequest(args);
      const page = await source.history?.(id, request);
      return page ? toPageNode(page, request, (entry) => entry) : null;
    },
  }),
);
