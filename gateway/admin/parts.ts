import { html } from "hono/html";
import type { Html } from "../connect/page.ts";

/** How good something is, as a colour says it beside the words. */
export type Tone = "good" | "warn" | "bad" | "plain";

export const renderBadge = (text: string, tone: Tone): Html => html`<span class="badge ${tone}">${text}</span>`;

/** @param role `alert` for what is wrong, `status` for what was done. */
export const renderCallout = (text: Html | string, tone: Tone, role: "alert" | "status" = "status"): Html =>
  html`<p class="callout ${tone}" role="${role}">${text}</p>`;

/** What comes from outside: in its own direction of writing. */
export const renderText = (text: string): Html => html`<span dir="auto">${text}</span>`;

const END_OF_SECONDS = 19;

/** An instant in UTC, to the second. */
export const renderTime = (at: Date | null | undefined): Html | "" =>
  at ? html`<time datetime="${at.toISOString()}">${at.toISOString().slice(0, END_OF_SECONDS).replace("T", " ")}</time>` : "";

export type Cell = Html | string;

interface Table {
  /** What is in it, for who does not see it. */
  caption: string;
  columns: readonly string[];
  /** The first cell of each names the row. */
  rows: readonly (readonly Cell[])[];
  /** What is said where there are none. */
  none: string;
}

/** The roles say what a table's parts are where the page shows them as blocks. */
export function renderTable({ caption, columns, rows, none }: Table): Html {
  if (rows.length === 0) return html`<p class="soft">${none}</p>`;
  const cells = (row: readonly Cell[]) =>
    row.map((cell, index) => (index === 0 ? renderRowName(cell) : renderCell(cell, columns[index] ?? "")));
  return html`<table role="table">
    <caption>
      ${caption}
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map((name) => html`<th role="columnheader" scope="col">${name || html`<span class="only">Actions</span>`}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(
        (row) =>
          html`<tr role="row">
            ${cells(row)}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

const renderRowName = (cell: Cell): Html => html`<th role="rowheader" scope="row">${cell}</th>`;

/** @param column what the cell is, which a narrow screen says beside it; empty where it says so itself. */
function renderCell(cell: Cell, column: string): Html {
  if (cell === "") return html`<td role="cell" class="none"></td>`;
  return html`<td role="cell" ${column === "" ? html`class="plain"` : html`data-label="${column}"`}><div>${cell}</div></td>`;
}

/** Names and what they are; those without are left out. */
export const renderFacts = (facts: readonly (readonly [name: string, fact: Cell | null])[]): Html =>
  html`<dl>
    ${facts.map(([name, fact]) =>
      fact === null || fact === ""
        ? ""
        : html`<dt>${name}</dt>
            <dd>${fact}</dd>`,
    )}
  </dl>`;

interface Field {
  name: string;
  label: string;
  value: string | undefined;
}

export const renderInput = ({ name, label, value }: Field): Html =>
  html`<div class="field">
    <label for="${name}">${label}</label>
    <input id="${name}" name="${name}" value="${value ?? ""}" autocomplete="off" dir="auto" />
  </div>`;

/** @param options values and their words. The first choice is all of them. */
export const renderSelect = ({ name, label, value }: Field, options: readonly (readonly [value: string, text: string])[]): Html =>
  html`<div class="field">
    <label for="${name}">${label}</label>
    <select id="${name}" name="${name}">
      ${options.map(([option, text]) => html`<option value="${option}" ${option === (value ?? "") ? "selected" : ""}>${text}</option>`)}
    </select>
  </div>`;

/** Links to the start of a list and to its next page. @param query what the list is filtered by. */
export function renderPager(path: string, query: URLSearchParams, next: string | null): Html | "" {
  const first = new URLSearchParams(query);
  first.delete("after");
  const further = new URLSearchParams(first);
  if (next !== null) further.set("after", next);
  if (next === null && !query.has("after")) return "";
  return html`<nav class="pager" aria-label="Pages of the list">
    ${query.has("after") ? html`<a class="button quiet" href="${path}?${first}">First page</a>` : ""}
    ${next === null ? "" : html`<a class="button quiet" href="${path}?${further}">Next page</a>`}
  </nav>`;
}

/** A form with one button. */
export const renderAct = (action: string, button: string, tone: "quiet" | "bad" | "" = "quiet"): Html =>
  html`<form method="post" action="${action}"><button class="${tone}">${button}</button></form>`;
