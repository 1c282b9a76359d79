import { html } from "hono/html";
import type { Sentences } from "../../client/languages/sentences.ts";
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
export function devicePage(
  { connect, deviceCode: words, cancel }: Sentences["pages"],
  name: string,
  code: DeviceCode,
  { here, back, remainingMs }: { here: string; back: string; remainingMs: number },
): Page {
  const { userCode, verificationUri, verificationUriComplete } = code;
  const minutes = Math.max(1, Math.ceil(remainingMs / 60_000));
  const shown = verificationUri.replace(/^https?:\/\//, "");
  return {
    title: connect.title(name),
    script,
    body: html`<p>${verificationUriComplete ? words.check : words.enter(shown)} ${words.worksFor(minutes)}</p>
      <p class="device"><code>${userCode}</code></p>
      <a class="button" href="${verificationUriComplete ?? verificationUri}" target="_blank" rel="noopener noreferrer"
        >${words.open(shown)}</a
      >
      <p class="quiet" role="status">${words.continues}</p>
      <noscript><a class="quiet" href="${here}">${words.done}</a></noscript>
      <a class="quiet" href="${back}">${cancel}</a>`,
  };
}
