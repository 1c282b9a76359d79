import { html } from "hono/html";
import type { DeviceCode } from "../../schema/upstream.ts";
import type { Page } from "./page.ts";

/** How often the page asks whether the user is done, in milliseconds. */
const ASK_INTERVAL_MS = 3_000;

/** Loads the page again once there is something else to say: 200, or that it cannot go on. */
const script = `
const ask = async () => {
  const answer = await fetch(location.pathname + "/status" + location.search).catch(() => null);
  if (answer && [200, 403, 404].includes(answer.status)) location.reload();
  else setTimeout(ask, ${ASK_INTERVAL_MS});
};
setTimeout(ask, ${ASK_INTERVAL_MS});
`;

/** The code that the user enters at the provider (RFC 8628 section 3.3). The page continues without a click. */
export function devicePage(name: string, code: DeviceCode, { here, remainingMs }: { here: string; remainingMs: number }): Page {
  const { userCode, verificationUri, verificationUriComplete } = code;
  const minutes = Math.max(1, Math.ceil(remainingMs / 60_000));
  const shown = verificationUri.replace(/^https?:\/\//, "");
  return {
    title: `Connect ${name}`,
    script,
    body: html`<p>
        ${verificationUriComplete ? "Check that the page that opens shows this code" : `Enter this code at ${shown}`}. It works for
        ${minutes === 1 ? "a minute" : `${minutes} minutes`}.
      </p>
      <p class="device"><code>${userCode}</code></p>
      <a class="button" href="${verificationUriComplete ?? verificationUri}" target="_blank" rel="noopener noreferrer">Open ${shown}</a>
      <p class="quiet" role="status">This page continues when you are done there.</p>
      <noscript><a class="quiet" href="${here}">I am done</a></noscript>`,
  };
}
