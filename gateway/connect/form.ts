import { html } from "hono/html";
import type { StartedConnection } from "../vault/connections.ts";
import { renderInstructions } from "./instructions.ts";
import type { Html } from "./page.ts";

interface Form {
  started: StartedConnection;
  state: string;
  problem: string | null;
  /** What was typed before; secrets are not shown again. */
  values: URLSearchParams;
}

/** Asks the user for what the connector collects. */
export function renderForm({ started, state, problem, values }: Form): Html {
  const { collect, rules, slug } = started.connector;
  const fields = collect?.fields ?? [];
  return html`
    ${collect?.instructions ? renderInstructions(collect.instructions) : ""} ${problem ? html`<p role="alert">${problem}</p>` : ""}
    <form method="post" action="/connect/${slug}?state=${state}">
      ${fields.map(
        ({ name, label, suffix, secret }) =>
          html`<div class="field">
            <label for="${name}">${label}</label>
            <div class="row">
              <input
                id="${name}"
                name="${name}"
                type="${secret ? "password" : "text"}"
                value="${secret ? "" : (values.get(name) ?? "")}"
                autocomplete="off"
                ${rules[name]?.isOptional ? "" : "required"}
              />
              ${suffix ? html`<span>${suffix}</span>` : ""}
            </div>
          </div>`,
      )}
      <button>${collect?.saveLabel ?? "Save"}</button>
    </form>
  `;
}
