import { html } from "hono/html";
import type { Platform } from "../../schema/upstream.ts";
import { ADMIN_PATH } from "../auth/cookies.ts";
import type { Operator } from "../auth/operators.ts";
import { type Html, renderAvatar, renderDocument, renderMark } from "../connect/page.ts";
import { styles } from "./styles.ts";

/** What a page shows, below the head that all have. */
export interface Content {
  title: string;
  body: Html;
  status?: number;
  headers?: Record<string, string>;
}

/** What all pages of an operator have in common. */
export interface Frame {
  platform: Platform;
  /** Who looks at it; null before signing in. */
  operator: Operator | null;
  /** The path of the page. */
  pathname: string;
}

/** The parts of the operator's page, in their order. */
const parts = [
  ["", "Connectors"],
  ["/connections", "Connections"],
  ["/keys", "API keys"],
  ["/webhooks", "Webhooks"],
  ["/audit", "Audit"],
  ["/sealing", "Sealing keys"],
] as const;

/** A page of HTML without a script, whose forms lead to the gateway alone. */
export const renderAdmin = ({ platform, operator, pathname }: Frame, { title, body, status = 200, headers = {} }: Content) =>
  renderDocument(platform, {
    language: "en",
    title,
    status,
    headers,
    style: styles,
    policy: { scripts: "", formAction: "'self'" },
    content: html`<a class="skip" href="#main">Skip to the content</a>
      <header class="top">
        <p class="brand">${renderMark(platform)} <span class="name" dir="auto">${platform.name}</span> <span class="soft">Gateway</span></p>
        ${operator ? renderWho(operator) : ""}
      </header>
      ${operator ? renderParts(pathname) : ""}
      <main id="main" class="${operator ? "" : "narrow"}">
        <h1>${title}</h1>
        ${body}
      </main>
      ${operator ? html`<footer class="foot">All times are UTC.</footer>` : ""}`,
  });

function renderParts(pathname: string): Html {
  const isHere = (path: string) => pathname === path || (path !== ADMIN_PATH && pathname.startsWith(`${path}/`));
  const links = parts.map(([end, name]) => {
    const path = `${ADMIN_PATH}${end}`;
    return html`<li><a href="${path}" ${isHere(path) ? html`aria-current="page"` : ""}>${name}</a></li>`;
  });
  return html`<nav aria-label="Parts of this page">
    <ul>
      ${links}
    </ul>
  </nav>`;
}

const renderWho = ({ keyId, userId }: Operator): Html =>
  html`<form class="who" method="post" action="${ADMIN_PATH}/sign-out">
    ${userId === null ? "" : renderAvatar(userId)}
    <span>Signed in ${keyId === null ? html`as <b dir="auto">${userId}</b>` : html`by <code>${keyId}</code>`}</span>
    <button class="quiet">Sign out</button>
  </form>`;
