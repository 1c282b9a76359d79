import { html } from "hono/html";
import { z } from "zod";
import { accountSchema, externalIdSchema, idSchema, parseInput, slugSchema } from "../../schema/input.ts";
import { cursorSchema } from "../../schema/page.ts";
import type { Connection, Connector, Owner } from "../../schema/upstream.ts";
import { ADMIN_PATH } from "../auth/cookies.ts";
import { type Html, redirectTo } from "../connect/page.ts";
import { healthWord } from "../upstream/xkit/wire-enums.ts";
import type { Content } from "./page.ts";
import { renderBadge, renderInput, renderPager, renderSelect, renderTable, renderText, renderTime } from "./parts.ts";
import type { Visit } from "./visit.ts";
import { healthWords, stateOf, wordsOf } from "./words.ts";

const PATH = `${ADMIN_PATH}/connections`;
const PAGE_SIZE = 50;

/** The fields of a form whose empty ones are left out. */
export const filledIn = (query: URLSearchParams): Record<string, string> =>
  Object.fromEntries([...query].filter(([, value]) => value.trim() !== "").map(([name, value]) => [name, value.trim()]));

const filterSchema = z.object({
  id: idSchema.optional(),
  connector: slugSchema.optional(),
  health: healthWord.optional(),
  user: externalIdSchema.optional(),
  group: externalIdSchema.optional(),
  account: accountSchema.optional(),
  after: cursorSchema.optional(),
});
type Filter = z.output<typeof filterSchema>;

export const connectionPath = (id: string): string => `${PATH}/${encodeURIComponent(id)}`;

/** `/admin/connections`: those of all users and groups, by what the form says. */
export async function listConnections({ platform, upstream, url, config }: Visit): Promise<Content | Response> {
  const filter = parseInput(filterSchema, filledIn(url.searchParams), "The filter");
  if (filter.id !== undefined) return redirectTo(`${config.publicUrl}${connectionPath(filter.id)}`);
  if (!platform.listConnections)
    return { title: "Connections", body: html`<p>This gateway’s upstream holds the connections, and cannot list all of them.</p>` };
  const { connector, health, account: accountLabel, after = null } = filter;
  const page = await platform.listConnections({ connector, health, accountLabel, owner: ownerIn(filter) }, { first: PAGE_SIZE, after });
  const connectors = await upstream.catalog.listConnectors();
  const none = page.next === null ? "No connections match." : "None on this page: see the next page.";
  return {
    title: "Connections",
    body: html`${renderFilter(filter, connectors)}
    ${renderTable({
      caption: "Connections",
      columns: ["Connector", "Account", "Owner", "State", "Changed"],
      rows: page.items.map(({ item }) => toRow(item)),
      none,
    })}
    ${renderPager(PATH, url.searchParams, page.next)}`,
  };
}

/** A user where both are stated: their ids are the platform's own. */
function ownerIn({ user, group }: Filter): Owner | undefined {
  if (user !== undefined) return { kind: "user", id: user };
  return group === undefined ? undefined : { kind: "group", id: group };
}

function renderFilter({ connector, health, user, group, account }: Filter, connectors: readonly Connector[]): Html {
  const ofAny = (words: readonly (readonly [string, string])[]) => [["", "Any"] as const, ...words];
  const healths = Object.entries(healthWords).map(([value, [text]]) => [value, text] as const);
  const slugs = connectors.map(({ slug, name }) => [slug, name] as const);
  return html`<form class="filter" method="get" action="${PATH}" role="search" aria-label="Connections">
    ${renderSelect({ name: "connector", label: "Connector", value: connector }, ofAny(slugs))}
    ${renderSelect({ name: "health", label: "Health", value: health }, ofAny(healths))}
    ${renderInput({ name: "user", label: "User id", value: user })} ${renderInput({ name: "group", label: "Group id", value: group })}
    ${renderInput({ name: "account", label: "Account, in full", value: account })}
    ${renderInput({ name: "id", label: "Connection id", value: undefined })}
    <div class="row"><button>Search</button><a class="button quiet" href="${PATH}">Clear</a></div>
  </form>`;
}

function toRow(connection: Connection): Html[] {
  const { id, connector, owner, authorization, updatedAt } = connection;
  return [
    html`<a href="${connectionPath(id)}" aria-label="${connector.name}, connection ${id}">${renderText(connector.name)}</a>`,
    authorization?.displayLabel ? renderText(authorization.displayLabel) : html`<span class="soft">not known</span>`,
    html`${renderText(owner.id)}<span class="soft">${owner.kind}</span>`,
    renderState(connection),
    html`${renderTime(updatedAt)}`,
  ];
}

/** How a connection is, with the code of what is wrong. */
export function renderState(connection: Connection): Html {
  const state = stateOf(connection);
  const code = connection.disabledAt || !connection.enabled ? null : connection.authorization?.healthCode;
  return html`${renderBadge(...wordsOf(state))}${code ? html`<span class="soft">${code}</span>` : ""}`;
}
