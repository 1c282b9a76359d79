import { html } from "hono/html";
import { notFound } from "../../schema/errors.ts";
import type { ApiKey } from "../auth/api-keys.ts";
import { ADMIN_PATH } from "../auth/cookies.ts";
import { type Html, redirectTo } from "../connect/page.ts";
import type { Content } from "./page.ts";
import { renderAct, renderBadge, renderCallout, renderTable, renderText, renderTime } from "./parts.ts";
import type { Visit } from "./visit.ts";

const PATH = `${ADMIN_PATH}/keys`;

/**
 * `/admin/keys`: all API keys. None is created here: who has found one key out could else make others, which outlast its end.
 */
export async function listKeys({ auth, operator, url }: Visit): Promise<Content> {
  const keys = await auth.apiKeys.list();
  return {
    title: "API keys",
    body: html`
      ${url.searchParams.get("done") === "revoked" ? renderCallout("The key is revoked in all processes.", "good") : ""}
      <p class="soft">Servers send both parts of a key. <code>npx xkit-gateway keys create --name backend</code> creates one.</p>
      ${renderTable({
        caption: "API keys, the newest first",
        columns: ["Publishable key", "Name", "Created", "Last used", "State", ""],
        none: "No API keys.",
        rows: keys.map((key) => toRow(key, key.id === operator.keyId)),
      })}
      <p class="hint">The last use is accurate to five minutes.</p>
    `,
  };
}

function toRow({ id, name, createdAt, lastUsedAt, revokedAt, isGenuine }: ApiKey, isOwn: boolean): (Html | string)[] {
  const isInForce = isGenuine && revokedAt === null;
  const revoke = html`<a href="${PATH}/${encodeURIComponent(id)}/revoke" aria-label="Revoke ${id}">Revoke…</a>`;
  return [
    html`<code>${id}</code>${isOwn ? html`<span class="soft">you signed in with it</span>` : ""}`,
    name === null ? "" : renderText(name),
    renderTime(createdAt),
    lastUsedAt ? renderTime(lastUsedAt) : html`<span class="soft">never</span>`,
    renderState({ isGenuine, revokedAt }),
    isInForce ? revoke : "",
  ];
}

function renderState({ isGenuine, revokedAt }: Pick<ApiKey, "isGenuine" | "revokedAt">): Html {
  if (!isGenuine) return html`${renderBadge("refused", "bad")}<span class="soft">no gateway wrote its row</span>`;
  return revokedAt
    ? html`${renderBadge("revoked", "plain")}<span class="soft">${renderTime(revokedAt)}</span>`
    : renderBadge("in force", "good");
}

/** `/admin/keys/:id/revoke`: asks first. */
export async function askToRevoke({ auth, operator }: Visit, id: string): Promise<Content> {
  const key = (await auth.apiKeys.list()).find((one) => one.id === id && one.revokedAt === null);
  if (!key) throw noSuchKey();
  return {
    title: "Revoke this API key?",
    body: html`<p><code>${key.id}</code> ${key.name === null ? "" : html`(${renderText(key.name)})`}</p>
      <p>Servers that send it are refused from then on. This cannot be undone.</p>
      ${key.id === operator.keyId ? renderCallout("You signed in with this key: revoking it signs you out.", "warn") : ""}
      <div class="row">
        ${renderAct(`${PATH}/${encodeURIComponent(key.id)}/revoke`, "Revoke", "bad")}
        <a class="button quiet" href="${PATH}">Cancel</a>
      </div>`,
  };
}

/** `POST /admin/keys/:id/revoke`. */
export async function revokeKey({ auth, config, record }: Visit, id: string): Promise<Response> {
  if (!(await auth.apiKeys.revoke(id))) throw noSuchKey();
  record({ action: "key.revoke", details: { key: id } });
  return redirectTo(`${config.publicUrl}${PATH}?done=revoked`);
}

const noSuchKey = () => notFound("No API key has this publishable key, or it is already revoked.");
