import { html } from "hono/html";
import type { FieldConfig } from "../providers/collect.ts";
import type { StartedConnection } from "../vault/connections.ts";
import { renderInstructions } from "./instructions.ts";
import type { Html } from "./page.ts";

interface Form {
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

/** Asks the user for what the connector collects. */
export function renderForm({ started, state, problem, values }: Form): Html {
  const { collect, slug } = started.connector;
  const fields = collect?.fields ?? [];
  return html`
    ${collect?.instructions ? renderInstructions(collect.instructions) : ""}
    ${problem && fields.every(({ name }) => name !== problem.field) ? html`<p role="alert">${problem.message}</p>` : ""}
    <form method="post" action="/connect/${slug}?state=${state}">
      ${fields.map((field) => renderField(field, values.get(field.name), problem?.field === field.name ? problem.message : null))}
      <button>${collect?.saveLabel ?? "Save"}</button>
    </form>
  `;
}

/** @param typed what was typed before; null at first */
function renderField(field: FieldConfig, typed: string | null, problem: string | null): Html {
  const { name, label, hint, suffix, optional, options, default: preset } = field;
  const mayBeEmpty = optional && !(options !== null && preset !== null);
  return html`<div class="field">
    <label for="${name}">${label}${mayBeEmpty ? " (optional)" : ""}</label>
    <div class="row">
      ${options ? renderSelect(field, options, typed, problem) : renderInput(field, typed, problem)}
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

function renderSelect(field: FieldConfig, options: readonly string[], typed: string | null, problem: string | null): Html {
  const { name, optional, default: preset } = field;
  const chosen = typed ?? preset ?? "";
  const isChosen = options.includes(chosen) && (!optional || preset !== null);
  const all = isChosen ? options : ["", ...options];
  const none = optional ? "None" : "Choose…";
  return html`<select id="${name}" name="${name}" ${optional ? "" : "required"} ${describedBy(field, problem)}>
    ${all.map((option) => html`<option value="${option}" ${option === chosen ? "selected" : ""}>${option === "" ? none : option}</option>`)}
  </select>`;
}
