import { html } from "hono/html";
import { z } from "zod";
import { requireConnectionActions, requireFound } from "../../schema/context.ts";
import type { HistoryEntry } from "../../schema/events.ts";
import { idSchema, parseInput } from "../../schema/input.ts";
import { cursorSchema } from "../../schema/page.ts";
import type { Connection, ConnectionActions, Page } from "../../schema/upstream.ts";
import { ADMIN_PATH } from "../auth/cookies.ts";
import { type Html, redirectTo } from "../connect/page.ts";
import { refreshStatusWord } from "../upstream/xkit/wire-enums.ts";
import { connectionPath, renderState } from "./connections.ts";
import type { Content } from "./page.ts";
import { renderAct, renderCallout, renderFacts, renderPager, renderTable, renderText, renderTime, type Tone } from "./parts.ts";
import type { Visit } from "./visit.ts";
import { historyWords, refreshWords } from "./words.ts";

/** What of a connection's history is shown on a page. */
const HISTORY_ENTRIES = 50;

type Action = "refresh" | "disable" | "enable" | "disconnect";

/** What was done just now, as the address of the page says it after a form. */
const doneWord = z.enum(["disable", "enable", "disconnect"]).or(refreshStatusWord).nullable().catch(null);
type Done = z.output<typeof doneWord>;

const actWords: Record<"disable" | "enable" | "disconnect", string> = {
  disable: "The connection is disabled: its tokens are withheld, and its user cannot connect it again.",
  enable: "The connection is enabled.",
  disconnect: "The connection is disconnected.",
};

const wordsOfDone = (done: NonNullable<Done>): readonly [string, Tone] =>
  done === "disable" || done === "enable" || done === "disconnect" ? [actWords[done], "good"] : refreshWords[done];

/** `/admin/connections/:id`: a connection, what happened to it, and what can be done. */
export async function showConnection(visit: Visit, given: string): Promise<Content> {
  const connection = await findConnection(visit, given);
  const after = parseInput(cursorSchema.nullable(), visit.url.searchParams.get("after"), "after");
  const history =
    (await visit.platform.connectionsOf(connection.owner).history?.(connection.id, { first: HISTORY_ENTRIES, after })) ?? null;
  const lastUsedAt = await visit.audits.lastUsedAt(connection.id);
  const done = doneWord.parse(visit.url.searchParams.get("done"));
  return {
    title: `${connection.connector.name} connection`,
    body: html`
      ${done === null ? "" : renderCallout(...wordsOfDone(done))} ${renderProblem(connection)}
      ${visit.platform.connectionActions ? renderActions(connection) : ""}
      <section aria-labelledby="facts">
        <h2 id="facts">Facts</h2>
        <div class="card">${renderFacts(factsOf(connection, lastUsedAt))}</div>
      </section>
      <section aria-labelledby="history">
        <h2 id="history">History</h2>
        ${history ? renderHistory(history) : html`<p class="soft">This gateway’s upstream keeps no history.</p>`}
        ${renderPager(connectionPath(connection.id), new URLSearchParams(after === null ? {} : { after }), history?.next ?? null)}
      </section>
      <p class="hint"><a href="${ADMIN_PATH}/audit?connection=${connection.id}">Audit events of this connection</a></p>
    `,
  };
}

/** Throws NOT_FOUND. */
async function findConnection({ platform }: Visit, given: string): Promise<Connection> {
  const id = parseInput(idSchema, given, "The connection’s id");
  return requireFound((await platform.findConnection?.({ id })) ?? null);
}

/** What is wrong, in a user's words and in those that servers are told. */
function renderProblem({ authorization, enabled }: Connection): Html | "" {
  const { problem = null, errorMessage = null } = authorization ?? {};
  if (!enabled || !problem) return "";
  return html`<div class="callout bad" role="alert">
    <b>${problem.title}</b>
    ${errorMessage && errorMessage !== problem.title ? html`<br />${renderText(errorMessage)}` : ""}
  </div>`;
}

function renderActions({ id, enabled, disabledAt }: Connection): Html {
  const path = connectionPath(id);
  return html`<div class="row">
    ${enabled ? renderAct(`${path}/refresh`, "Refresh now", "") : ""}
    ${disabledAt ? renderAct(`${path}/enable`, "Enable") : renderAct(`${path}/disable`, "Disable")}
    ${enabled || disabledAt ? html`<a class="button quiet bad" href="${path}/disconnect">Disconnect…</a>` : ""}
  </div>`;
}

function factsOf(connection: Connection, lastUsedAt: Date | null): (readonly [string, Html | string | null])[] {
  const { id, owner, connector, authorization, createdAt, updatedAt, disabledAt, metadata = [] } = connection;
  const { displayLabel, connectedBy, scopes = [], missingScopes = [] } = authorization ?? {};
  const by = connectedBy && html` by <span dir="auto">${connectedBy.name ?? connectedBy.id}</span>`;
  return [
    ["Id", html`<code>${id}</code>`],
    ["Connector", html`${renderText(connector.name)} <code>${connector.slug}</code>`],
    [owner.kind === "user" ? "User" : "Group", renderText(owner.id)],
    ["Account", displayLabel ? renderText(displayLabel) : null],
    ["State", renderState(connection)],
    ["Since", renderTime(authorization?.healthChangedAt)],
    ["Disabled", renderTime(disabledAt)],
    ["Connected", authorization?.connectedAt ? html`${renderTime(authorization.connectedAt)}${by ?? ""}` : null],
    ["Token until", renderTime(authorization?.expiresAt)],
    ["Grant until", renderTime(authorization?.grantExpiresAt)],
    ["Scopes", scopes.length > 0 ? html`<code>${scopes.join(" ")}</code>` : null],
    ["Missing scopes", missingScopes.length > 0 ? html`<code>${missingScopes.join(" ")}</code>` : null],
    ...metadata.map(({ name, value }) => [name, renderText(value)] as const),
    ["Token last given", lastUsedAt ? html`${renderTime(lastUsedAt)} or up to an hour later` : null],
    ["First started", renderTime(createdAt)],
    ["Changed", renderTime(updatedAt)],
  ];
}

const renderHistory = ({ items }: Page<HistoryEntry>): Html =>
  renderTable({
    caption: "History of the connection, the newest first",
    columns: ["What", "When", "By", "Why"],
    none: "Nothing has happened to it yet.",
    rows: items.map(({ item: { kind, count, firstAt, at, by, tokenKind, code, problem, addedScopes, removedScopes } }) => [
      html`${historyWords[kind]}${count > 1 ? ` ${count} times` : ""}${tokenKind === null ? "" : html` <code>${tokenKind}</code>`}`,
      count > 1 ? html`${renderTime(firstAt)} to ${renderTime(at)}` : html`${renderTime(at)}`,
      by ? renderText(by.name ?? by.id) : "",
      whyOf({ code, problem, addedScopes, removedScopes }),
    ]),
  });

function whyOf({
  code,
  problem,
  addedScopes,
  removedScopes,
}: Pick<HistoryEntry, "code" | "problem" | "addedScopes" | "removedScopes">): Html | "" {
  const scopes = [...addedScopes.map((scope) => `+${scope}`), ...removedScopes.map((scope) => `−${scope}`)].join(" ");
  if (code === null && scopes === "") return "";
  return html`${problem?.title ?? ""} ${code === null ? "" : html`<code>${code}</code>`}
  ${scopes === "" ? "" : html`<code>${scopes}</code>`}`;
}

/** `/admin/connections/:id/disconnect`: asks first, as a grant that is revoked does not come back. */
export async function askToDisconnect(visit: Visit, given: string): Promise<Content> {
  const { id, connector, owner, authorization } = await findConnection(visit, given);
  const label = authorization?.displayLabel ?? null;
  return {
    title: `Disconnect ${connector.name}?`,
    body: html`<p>
        It belongs to the ${owner.kind}
        <b dir="auto">${owner.id}</b>${label === null ? "" : html`, with the account <b dir="auto">${label}</b>`}. Its grant is revoked at
        the provider. Only its user can connect it again.
      </p>
      <div class="row">
        ${renderAct(`${connectionPath(id)}/disconnect`, "Disconnect", "bad")}
        <a class="button quiet" href="${connectionPath(id)}">Cancel</a>
      </div>`,
  };
}

/** Does what a server may do with a connection, and then shows it. */
export const actOnConnection =
  (action: Action) =>
  async ({ platform, config }: Visit, given: string): Promise<Response> => {
    const id = parseInput(idSchema, given, "The connection’s id");
    const done = await act(requireConnectionActions(platform), action, id);
    return redirectTo(`${config.publicUrl}${connectionPath(id)}?done=${done}`);
  };

/** Throws NOT_FOUND. */
async function act(actions: ConnectionActions, action: Action, id: string): Promise<NonNullable<Done>> {
  if (action === "refresh") return requireFound(await actions.refresh(id)).status;
  requireFound(await actions[action](id));
  return action;
}
