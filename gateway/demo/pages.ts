import { accentOf } from "../../client/design/accent.ts";
import { tokensOfPage } from "../../client/design/tokens.ts";
import { drawFavicon } from "../connect/favicon.ts";
import type { DemoAccount } from "./accounts.ts";

/** What the demo provider says about each scope on its consent page. Others are shown by name. */
const scopeTexts: ReadonlyMap<string, string> = new Map([
  ["openid", "Know who you are"],
  ["profile", "See your name"],
  ["email", "See your email address"],
  ["calendar:read", "See your calendar"],
  ["offline_access", "Keep this access while you are away"],
]);

/** Another service than the platform: in a colour of its own. */
const DEMO_COLOR = "#5b3df5";

const style = `${tokensOfPage(accentOf(DEMO_COLOR))}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px; background: var(--xk-page); color: var(--xk-text);
  font: 16px/1.5 var(--xk-font); }
main { width: 100%; max-width: 420px; background: var(--xk-surface); border: 1px solid var(--xk-line-strong); border-radius: var(--xk-radius); padding: 32px; }
.brand { display: flex; align-items: center; gap: 10px; font-size: 14px; color: var(--xk-muted); margin-bottom: 20px; }
.brand i { width: 22px; height: 22px; border-radius: 7px; background: linear-gradient(135deg, var(--xk-fill), #f53d9c); }
h1 { font-size: 22px; line-height: 1.25; margin: 0 0 8px; }
p { margin: 0 0 20px; color: var(--xk-muted); }
ul { list-style: none; margin: 0 0 24px; padding: 0; border-top: 1px solid var(--xk-line-strong); }
li { padding: 10px 0; border-bottom: 1px solid var(--xk-line-strong); }
form { display: grid; gap: 10px; margin: 0; }
form + form { margin-top: 10px; }
button { font: inherit; cursor: pointer; border-radius: 10px; padding: 11px 16px; border: 1px solid var(--xk-line-strong); background: transparent; color: inherit; }
button:hover { border-color: var(--xk-accent); }
button:focus-visible { outline: 2px solid var(--xk-accent); outline-offset: 2px; }
button.primary { background: var(--xk-fill); border-color: var(--xk-edge); color: var(--xk-on-fill); font-weight: 600; }
button.account { text-align: start; display: grid; }
button.account span, .soft { color: var(--xk-muted); font-size: 14px; }
button.plain { border: 0; color: var(--xk-muted); font-size: 14px; }
`;

const favicon = `data:image/svg+xml,${encodeURIComponent(drawFavicon({ name: "Demo", color: DEMO_COLOR }))}`;

/** Headers of every page: no script, nothing from elsewhere, in no frame, never cached. */
export const pageHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** Where one picks who to be. */
export function loginPage(action: string, clientName: string, accounts: readonly DemoAccount[]): string {
  const buttons = accounts.map(
    ({ id, name, email }) =>
      `<button class="account" name="account" value="${escape(id)}"><strong>${escape(name)}</strong><span>${escape(email)}</span></button>`,
  );
  return page(
    "Choose an account",
    `<h1>Choose an account</h1><p>to continue to ${escape(clientName)}. No password: these people are made up.</p>
    <form method="post" action="${escape(action)}">${buttons.join("")}</form>`,
  );
}

/** Where one says yes or no. */
export function consentPage(action: string, clientName: string, account: DemoAccount, scopes: readonly string[]): string {
  const items = scopes.map((scope) => `<li>${escape(scopeTexts.get(scope) ?? scope)}</li>`);
  return page(
    "Allow access?",
    `<h1>${escape(clientName)} wants access to your account</h1><p>You are signed in as ${escape(account.name)} (${escape(account.email)}).</p>
    <ul>${items.join("")}</ul>
    <form method="post" action="${escape(action)}">
      <button class="primary" name="decision" value="allow">Allow access</button>
      <button name="decision" value="deny">Deny</button>
      <button class="plain" name="decision" value="switch">Use another account</button>
    </form>`,
  );
}

/** Where one takes access back. */
export function grantsPage(action: string, clientName: string, accounts: readonly (DemoAccount & { grants: number })[]): string {
  const forms = accounts.map(({ id, name, grants }) =>
    grants === 0
      ? `<li><strong>${escape(name)}</strong><br><span class="soft">No application has access.</span></li>`
      : `<li><strong>${escape(name)}</strong><br><span class="soft">${escape(clientName)} has access (granted ${grants === 1 ? "once" : `${grants} times`}).</span>
        <form method="post" action="${escape(action)}"><button name="account" value="${escape(id)}">Revoke access</button></form></li>`,
  );
  return page(
    "Applications with access",
    `<h1>Applications with access</h1><p>Revoking ends it at once: tokens stop working, and refreshing them fails.</p><ul>${forms.join("")}</ul>`,
  );
}

export function errorPage(message: string): string {
  return page("Something went wrong", `<h1>Something went wrong</h1><p>${escape(message)}</p>`);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="${favicon}">
<title>${escape(title)} · Demo Provider</title><style>${style}</style></head>
<body><main><div class="brand"><i></i>Demo Provider</div>${body}</main></body></html>`;
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
