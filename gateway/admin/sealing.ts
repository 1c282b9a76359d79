import { html } from "hono/html";
import { listAllKeyUses } from "../services.ts";
import { describeKeys, type KeyState } from "../store/key-ids.ts";
import type { Content } from "./page.ts";
import { renderBadge, renderTable, type Tone } from "./parts.ts";
import type { Visit } from "./visit.ts";
import { COUNT_LIMIT, describeCount } from "./words.ts";

const stateWords: Record<KeyState, readonly [text: string, tone: Tone]> = {
  seals: ["seals", "good"],
  opens: ["opens", "plain"],
  spare: ["can be removed", "warn"],
  missing: ["missing in XKIT_ENCRYPTION_KEYS", "bad"],
};

/** `/admin/sealing`: what each sealing key has made, as `keys status` prints it, counted up to a limit. Never a key. */
export async function showSealing({ database, sealer, config }: Visit): Promise<Content> {
  const keys = describeKeys(sealer.keyIds, await listAllKeyUses(database, config, { most: COUNT_LIMIT }));
  return {
    title: "Sealing keys",
    body: html`<p class="soft">
        The first key of <code>XKIT_ENCRYPTION_KEYS</code> seals, and all of them open. <code>npx xkit-gateway keys reseal</code> makes
        everything with the first.
      </p>
      ${renderTable({
        caption: "Sealing keys, with the current one first",
        columns: ["Key", "State", "Values", "Where"],
        none: "",
        rows: keys.map(({ keyId, state, values, columns }) => [
          html`<code>${keyId}</code>`,
          renderBadge(...stateWords[state]),
          describeCount(values),
          columns.length === 0
            ? ""
            : html`<span class="soft">${columns.map(({ name, values: held }) => `${name} ${describeCount(held)}`).join(", ")}</span>`,
        ]),
      })}`,
  };
}
