import { html } from "hono/html";
import { z } from "zod";
import type { AuditRecord } from "../../schema/audit-record.ts";
import { externalIdSchema, idSchema, parseInput } from "../../schema/input.ts";
import { cursorSchema } from "../../schema/page.ts";
import { ADMIN_PATH } from "../auth/cookies.ts";
import type { Html } from "../connect/page.ts";
import { auditActions } from "../custody/audit-event.ts";
import { connectionPath, filledIn } from "./connections.ts";
import type { Content } from "./page.ts";
import { renderInput, renderPager, renderSelect, renderTable, renderText, renderTime } from "./parts.ts";
import type { Visit } from "./visit.ts";

const PATH = `${ADMIN_PATH}/audit`;
const PAGE_SIZE = 50;
/** How far back, in milliseconds. */
const spans = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 } as const;

const filterSchema = z.object({
  span: z.enum(["hour", "day", "week"]).optional(),
  user: externalIdSchema.optional(),
  connection: idSchema.optional(),
  action: z.enum(auditActions).optional(),
  after: cursorSchema.optional(),
});
type Filter = z.output<typeof filterSchema>;

/** `/admin/audit`: what was done, the newest first. */
export async function showAudit({ audits, database, url }: Visit): Promise<Content> {
  const filter = parseInput(filterSchema, filledIn(url.searchParams), "The filter");
  const { span, user: userId, connection: connectionId, action, after = null } = filter;
  const since = span && new Date(database.clock.now() - spans[span]);
  const page = await audits.reader.list({ since, userId, connectionId, action }, { first: PAGE_SIZE, after }, "newest");
  return {
    title: "Audit",
    body: html`${renderFilter(filter)}
    ${renderTable({
      caption: "Audit events, the newest first",
      columns: ["When", "What", "By", "About", "From"],
      none: "No events match, or they are not written yet.",
      rows: page.items.map(({ item }) => toRow(item)),
    })}
    ${renderPager(PATH, url.searchParams, page.next)}`,
  };
}

function renderFilter({ span, user, connection, action }: Filter): Html {
  return html`<form class="filter" method="get" action="${PATH}" role="search" aria-label="Audit">
    ${renderSelect({ name: "span", label: "Since", value: span }, [
      ["", "Ever"],
      ["hour", "An hour ago"],
      ["day", "A day ago"],
      ["week", "A week ago"],
    ])}
    ${renderSelect({ name: "action", label: "What", value: action }, [["", "Anything"], ...auditActions.map((name) => [name, name] as const)])}
    ${renderInput({ name: "user", label: "User id", value: user })}
    ${renderInput({ name: "connection", label: "Connection id", value: connection })}
    <div class="row"><button>Search</button><a class="button quiet" href="${PATH}">Clear</a></div>
  </form>`;
}

const toRow = (record: AuditRecord): (Html | string)[] => [
  html`${renderTime(record.firstAt)}`,
  html`${renderAction(record.action)}${record.count > 1 ? ` ${record.count} times` : ""}<span class="soft"
      >${record.outcome}${detailsOf(record)}</span
    >`,
  renderActor(record.actor),
  renderAbout(record),
  renderOrigin(record),
];

const detailsOf = ({ details, purpose }: AuditRecord): string =>
  [...Object.entries(details).map(([name, value]) => `${name} ${value}`), ...(purpose === null ? [] : [`for: ${purpose}`])]
    .map((text) => `, ${text}`)
    .join("");

/** Broken between its two words, where there is no room for both. */
function renderAction(action: string): Html {
  const [noun, verb] = action.split(".");
  return html`${noun}.<wbr />${verb}`;
}

/** A user who is erased has a random name. */
function renderActor({ kind, userId, person, keyId }: AuditRecord["actor"]): Html {
  const who = userId ?? keyId ?? person;
  return html`${kind === "platform" ? "server" : kind}${who === null ? "" : html`<span class="soft" dir="auto">${who}</span>`}`;
}

function renderAbout({ owner, connectionId, connector }: AuditRecord): Html | "" {
  const whose = owner && html`${owner.kind} ${renderText(owner.id ?? owner.person ?? "")}`;
  const name = connector ?? "connection";
  const what = connectionId === null ? (connector ?? "") : html`<a href="${connectionPath(connectionId)}">${name}</a>`;
  return whose === null && what === "" ? "" : html`${what}${whose === null ? "" : html`<span class="soft">${whose}</span>`}`;
}

/** The agent is data from outside. */
function renderOrigin({ address, requestId, agent }: AuditRecord): Html | "" {
  if (address === null && requestId === null && agent === null) return "";
  return html`${address ?? ""}${requestId === null ? "" : html`<span class="soft"><code>${requestId}</code></span>`}
  ${agent === null ? "" : html`<span class="soft" dir="auto">${agent}</span>`}`;
}
