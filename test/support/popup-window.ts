import { createHash } from "node:crypto";
import { runInNewContext } from "node:vm";
import type { Ask, Jar } from "./page-fetch.ts";

/** A window that a page opened. */
export interface Popup {
  closed: boolean;
  close(): void;
  location: { replace(url: string): void };
  postMessage(data: unknown, targetOrigin: string): void;
  /** Every address it has been at, the last one last. */
  visited: string[];
  /** What the page says. */
  text(): string;
}

/** A listener of `message`. */
export type MessageListener = (event: { data: unknown; origin: string; source: unknown }) => void;

interface PopupOptions {
  url: string;
  openerOrigin: string | null;
  gateway: string;
  jar: Jar;
  ask: Ask;
  deliver(data: unknown, targetOrigin: string, source: Popup): void;
}

/** A window as its pages have it. */
interface OpenWindow extends PopupOptions {
  popup: Popup;
  opener: { postMessage(data: unknown, targetOrigin: string): void };
  /** The paragraph of the page that it is at. */
  paragraph: { textContent: string };
  /** Of the page that it is at. */
  listeners: Set<MessageListener>;
}

/** A window that another one opened: navigates with Referer and Fetch Metadata as browsers do, and runs what its pages' CSP lets run. */
export function openPopup(options: PopupOptions): { popup: Popup; loaded: Promise<void> } {
  const { url, openerOrigin, gateway, deliver } = options;
  const popup: Popup = {
    closed: false,
    close: () => void (popup.closed = true),
    location: { replace: (next) => void navigate(window, next, openerOrigin) },
    postMessage(data, targetOrigin) {
      if (targetOrigin !== gateway) return;
      for (const listener of window.listeners) listener({ data, origin: openerOrigin ?? "null", source: opener });
    },
    visited: [],
    text: () => window.paragraph.textContent,
  };
  const opener = { postMessage: (data: unknown, targetOrigin: string) => deliver(data, targetOrigin, popup) };
  const window: OpenWindow = { ...options, popup, opener, paragraph: { textContent: "" }, listeners: new Set() };
  return { popup, loaded: navigate(window, url, openerOrigin) };
}

/** Goes to an address, through its redirects, and shows the page there. */
async function navigate(window: OpenWindow, address: string, initiator: string | null): Promise<void> {
  const { popup, gateway, ask, jar } = window;
  let next: string | null = address;
  let site = initiator === null ? "none" : initiator === new URL(address).origin ? "same-origin" : "cross-site";
  let last: Response | null = null;
  while (next !== null && !popup.closed) {
    popup.visited.push(next);
    const headers = new Headers({
      "sec-fetch-site": site,
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
      accept: "text/html",
    });
    // The gateway's own pages say `no-referrer`.
    if (initiator !== null && initiator !== gateway) headers.set("referer", `${initiator}/`);
    last = await ask(next, { headers, jar });
    const target: string | null = last.headers.get("location");
    next = target === null ? null : new URL(target, next).href;
    if (site === "same-origin" && next !== null && new URL(next).origin !== gateway) site = "cross-site";
  }
  if (last && !popup.closed) await show(window, await last.text(), last.headers.get("content-security-policy") ?? "");
}

/** Puts a page into the window, and runs those of its scripts that its policy names. */
async function show(window: OpenWindow, html: string, policy: string): Promise<void> {
  window.paragraph = { textContent: /<p[^>]*>([^]*?)<\/p>/.exec(html)?.[1] ?? "" };
  window.listeners = new Set();
  const globals = { ...globalsOf(window, html), URLSearchParams, JSON };
  for (const [, script = ""] of html.matchAll(/<script>([^]*?)<\/script>/g)) {
    const hash = createHash("sha256").update(script).digest("base64");
    if (policy.includes(`'sha256-${hash}'`)) await runInNewContext(script, globals);
  }
}

/** What scripts of the page have as globals. */
function globalsOf(window: OpenWindow, html: string) {
  const { popup, opener, openerOrigin, gateway, paragraph, listeners } = window;
  const { search, pathname } = new URL(popup.visited.at(-1) ?? "");
  return {
    window: {
      opener: openerOrigin === null ? null : opener,
      location: { search, pathname, replace: (to: string) => void navigate(window, to, gateway) },
      history: { replaceState() {} },
      close: () => popup.close(),
      addEventListener: (_type: string, listener: MessageListener) => void listeners.add(listener),
    },
    document: {
      querySelector: () => Object.assign(paragraph, { dataset: dataOf(html) }),
      getElementById: () => ({ addEventListener() {} }),
    },
    fetch: (path: string, init: RequestInit) => fetchOwn(window, path, init),
  };
}

/** `fetch` of a page of the gateway, at the gateway. */
function fetchOwn({ ask, gateway, jar }: OpenWindow, path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("origin", gateway);
  headers.set("sec-fetch-site", "same-origin");
  return ask(new URL(path, gateway).href, {
    method: init.method ?? "GET",
    headers,
    body: typeof init.body === "string" ? init.body : null,
    jar,
  });
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

/** `data-…` of the body, as `dataset` names them. */
function dataOf(html: string): Record<string, string> {
  const body = /<p role="status"([^>]*)>/.exec(html)?.[1] ?? "";
  return Object.fromEntries(
    [...body.matchAll(/data-([a-z-]+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [
      name.replaceAll(/-(\w)/g, (_match, letter: string) => letter.toUpperCase()),
      value.replaceAll(/&(amp|lt|gt|quot|#39);/g, (_match, entity: string) => entities[entity] ?? ""),
    ]),
  );
}
