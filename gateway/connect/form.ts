import { html } from "hono/html";
import type { Sentences } from "../../client/languages/sentences.ts";
import { DEFAULT_SAVE_LABEL, type FieldConfig } from "../providers/collect.ts";
import type { StartedConnection } from "../vault/connections.ts";
import { renderMarkdown } from "./markdown.ts";
import type { Html } from "./page.ts";

interface Form {
  words: Sentences["pages"];
  /** Where the user goes who does not connect. */
  back: string;
  started: StartedConnection;
  state: string;
  problem: FormProblem | null;
  /** What was typed before; secrets are not shown again. */
  values: URLSearchParams;
}

/** What was refused, and in which field; null where no single one is wrong. */
export interface FormProblem {
  message: string;
  field: string | null;
}

type Words = Sentences["pages"]["form"];

/** Asks the user for what the connector collects. */
export function renderForm({ words, back, started, state, problem, values }: Form): Html {
  const { collect, slug } = started.connector;
  const fields = collect?.fields ?? [];
  return html`
    ${collect?.instructionsTree ? renderMarkdown(collect.instructionsTree) : ""}
    ${problem && fields.every(({ name }) => name !== problem.field) ? html`<p role="alert">${problem.message}</p>` : ""}
    <form method="post" action="/connect/${slug}?state=${state}">
      ${fields.map((field) => renderField(words.form, field, values.get(field.name), problem?.field === field.name ? problem.message : null))}
      <button>${!collect || collect.saveLabel === DEFAULT_SAVE_LABEL ? words.form.save : collect.saveLabel}</button>
    </form>
    <a class="quiet" href="${back}">${words.cancel}</a>
  `;
}

/** @param typed what was typed before; null at first */
function renderField(words: Words, field: FieldConfig, typed: string | null, problem: string | null): Html {
  const { name, label, hint, suffix, optional, options, default: preset } = field;
  const mayBeEmpty = optional && !(options !== null && preset !== null);
  return html`<div class="field">
    <label for="${name}">${label}${mayBeEmpty ? ` ${words.optional}` : ""}</label>
    <div class="row">
      ${options ? renderSelect(words, field, options, typed, problem) : renderInput(field, typed, problem)}
      ${suffix ? html`<span>${suffix}</span>` : ""}
    </div>
    ${hint === null ? "" : html`<p id="${name}-hint">${hint}</p>`}
    ${problem === null ? "" : html`<p id="${name}-problem" role="alert">${problem}</p>`}
  </div>`;
}

/** A problem is beside its field, which has the focus. */
function describedBy({ name, hint }: FieldConfig, problem: string | null): Html | "" {
  const isHinted = hint !== null;
  if (problem === null) return isHinted ? html`aria-describedby="${name}-hint"` : "";
  return html`aria-invalid="true" aria-describedby="${isHinted ? `${name}-hint ` : ""}${name}-problem" autofocus`;
}

function renderInput(field: FieldConfig, typed: string | null, problem: string | null): Html {
  const { name, secret, optional, default: preset } = field;
  return html`<input
    id="${name}"
    name="${name}"
    type="${secret ? "password" : "text"}"
    value="${secret ? "" : (typed ?? preset ?? "")}"
    autocomplete="off"
    ${optional ? "" : "required"}
    ${describedBy(field, problem)}
  />`;
}

function renderSelect(words: Words, field: FieldConfig, options: readonly string[], typed: string | null, problem: string | null): Html {
  const { name, optional, default: preset } = field;
  const chosen = typed ?? preset ?? "";
  const isChosen = options.includes(chosen) && (!optional || preset !== null);
  const all = isChosen ? options : ["", ...options];
  const none = optional ? words.none : words.choose;
  return html`<select id="${name}" name="${name}" ${optional ? "" : "required"} ${describedBy(field, problem)}>
    ${all.map((option) => html`<option value="${option}" ${option === chosen ? "selected" : ""}>${option === "" ? none : option}</option>`)}
  </select>`;
}
