import { html } from "hono/html";
import { GatewayError } from "../../schema/errors.ts";
import type { Connector } from "../../schema/upstream.ts";
import { ADMIN_PATH } from "../auth/cookies.ts";
import type { Html } from "../connect/page.ts";
import type { Counts } from "../vault/connection-counts.ts";
import type { Content } from "./page.ts";
import { renderBadge, renderCallout } from "./parts.ts";
import type { Visit } from "./visit.ts";
import { wordsOf } from "./words.ts";

/** In this order, the ones to look at first. */
const states = ["reconnect_required", "misconfigured", "unavailable", "disabled", "unknown", "working", "disconnected", "connecting"];

/** `/admin`: each connector with how many of its connections are how, and why. */
export async function listConnectors({ upstream, checkReady }: Visit): Promise<Content> {
  const [connectors, counts, trouble] = await Promise.all([
    upstream.catalog.listConnectors(),
    upstream.pages?.vault.countConnections() ?? null,
    checkReady().catch(explainUnready),
  ]);
  const known = new Set(connectors.map(({ slug }) => slug));
  const former = counts?.filter(({ connector }) => !known.has(connector)) ?? [];
  return {
    title: "Connectors",
    body: html`
      ${trouble === null ? "" : renderCallout(trouble, "warn", "alert")}
      ${connectors.length === 0 ? html`<p class="soft">No connector is configured.</p>` : ""}
      <ul class="cards">
        ${connectors.map((connector) => html`<li>${renderName(connector)} ${counts ? renderCounts(counts, connector.slug) : ""}</li>`)}
        ${
          former.length > 0
            ? html`<li>
                <h2>Connectors that are no longer configured</h2>
                ${renderChips(former)}
              </li>`
            : ""
        }
      </ul>
      <p class="hint">
        ${counts ? "Connections are counted at most once a minute." : "This gateway’s upstream holds the connections, and does not say how many there are."}
      </p>
    `,
  };
}

/** As `/readyz` says it. */
const explainUnready = (error: unknown): string => (error instanceof GatewayError ? error.message : "The store cannot be reached.");

const renderName = ({ name, slug }: Connector): Html =>
  html`<div>
    <h2><a href="${ADMIN_PATH}/connections?connector=${slug}" dir="auto">${name}</a></h2>
    <code>${slug}</code>
  </div>`;

function renderCounts(counts: Counts, slug: string): Html {
  const own = counts.filter(({ connector }) => connector === slug);
  return own.length === 0 ? html`<p class="hint">${counts.length === 0 ? "Not counted yet" : "No connections"}</p>` : renderChips(own);
}

function renderChips(counts: Counts): Html {
  const chips = states.flatMap((state) => {
    const ofState = counts.filter(({ health }) => health === state);
    const total = ofState.reduce((sum, { count }) => sum + count, 0);
    const codes = ofState.filter(({ code }) => code !== null).map(({ code, count }) => `${code} ${count}`);
    const [text, tone] = wordsOf(state);
    return total === 0 ? [] : [html`<li>${renderBadge(`${total} ${text}${codes.length > 0 ? `: ${codes.join(", ")}` : ""}`, tone)}</li>`];
  });
  return html`<ul class="chips">
    ${chips}
  </ul>`;
}
