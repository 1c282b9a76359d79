import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { runInNewContext } from "node:vm";
import { Agent, type Dispatcher, fetch as undiciFetch } from "undici";
import { WebSocket } from "ws";

/** What a browser does with the cookies of a gateway that a page of another site asks. */
export type ThirdPartyCookies = "allowed" | "blocked" | "partitioned";

interface Options {
  /** Of the page. */
  origin: string;
  /** `https://localhost:<port>`, the only site with cookies here. */
  gateway: string;
  certificate: string;
  thirdPartyCookies?: ThirdPartyCookies;
}

/** A page in a browser, as far as xkit.js can tell: `fetch` with CORS and cookies, `WebSocket`, `window.open` and messages. */
export interface PageWindow {
  /** What scripts of the page have as globals. */
  globals: { window: object; fetch: typeof fetch; WebSocket: unknown };
  /** Where the page was last told to go. */
  href(): string;
  /** The last popup. */
  popup(): Popup | null;
  /** Opens an address in a popup that no page opened, as a link of a mail does; or that a page of another origin did. */
  visit(url: string, openerOrigin: string | null): Promise<Popup>;
  /** The names of the gateway's cookies that are first-party. */
  cookies(): string[];
  close(): Promise<void>;
}

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

type Jar = Map<string, string>;
type Listener = (event: { data: unknown; origin: string; source: unknown }) => void;

export function createPageWindow({ origin, gateway, certificate, thirdPartyCookies = "allowed" }: Options): PageWindow {
  const dispatcher = new Agent({ connect: { ca: certificate } });
  const firstParty: Jar = new Map();
  const thirdParty: Jar | null = { allowed: firstParty, partitioned: new Map<string, string>(), blocked: null }[thirdPartyCookies];
  const listeners = new Set<Listener>();
  const sockets = new Set<WebSocket>();
  const location = { origin, href: `${origin}/` };
  let opened: Popup | null = null;

  const ask = askWith(dispatcher, gateway);
  const deliverNext = async (event: Parameters<Listener>[0]) => {
    await nextTurn();
    for (const listener of listeners) listener(event);
  };
  const deliver = (data: unknown, targetOrigin: string, source: Popup) => {
    if (targetOrigin === origin) void deliverNext({ data, origin: gateway, source });
  };
  const open = (url: string, openerOrigin: string | null) => openPopup({ url, openerOrigin, gateway, jar: firstParty, ask, deliver });

  function Socket(url: string): WebSocket {
    const socket = new WebSocket(url, { ca: certificate, origin });
    sockets.add(socket.once("close", () => void sockets.delete(socket)));
    return socket;
  }
  const window = {
    location,
    screen: { width: 1280, height: 800 },
    WebSocket: Object.assign(Socket, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 }),
    addEventListener: (type: string, listener: Listener) => void (type === "message" && listeners.add(listener)),
    removeEventListener: (_type: string, listener: Listener) => void listeners.delete(listener),
    open(url: string) {
      const { popup } = open(url, origin);
      opened = popup;
      return popup;
    },
  };

  return {
    globals: { window, WebSocket: window.WebSocket, fetch: createPageFetch(origin, gateway, thirdParty, ask) },
    href: () => location.href,
    popup: () => opened,
    async visit(url, openerOrigin) {
      const { popup, loaded } = open(url, openerOrigin);
      await loaded;
      return popup;
    },
    cookies: () => [...firstParty.keys()],
    async close() {
      for (const socket of sockets) socket.terminate();
      await dispatcher.close();
    },
  };
}

type Ask = (url: string, init: { method?: string; headers: Headers; body?: string | null; jar: Jar | null }) => Promise<Response>;

/** One request; the gateway's cookies go with it and are kept, if the jar allows. */
const askWith =
  (dispatcher: Dispatcher, gateway: string): Ask =>
  async (url, { method = "GET", headers, body = null, jar }) => {
    const isGateway = new URL(url).origin === gateway;
    if (isGateway && jar && jar.size > 0) headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
    const response = await undiciFetch(url, { method, headers: [...headers], body, redirect: "manual", dispatcher });
    if (isGateway && jar) for (const cookie of response.headers.getSetCookie()) keep(jar, cookie);
    const hasBody = ![101, 204, 205, 304].includes(response.status);
    return new Response(hasBody ? await response.text() : null, { status: response.status, headers: [...response.headers] });
  };

function keep(jar: Jar, header: string): void {
  const [pair = "", ...attributes] = header.split(";");
  const [name = "", value = ""] = pair.split("=");
  if (attributes.some((attribute) => /^\s*max-age=0\s*$/i.test(attribute))) jar.delete(name);
  else jar.set(name, value);
}

/** `fetch` of a page of another origin: a preflight first where one is due, and nothing to read without leave (fetch.spec.whatwg.org). */
function createPageFetch(origin: string, gateway: string, thirdParty: Jar | null, ask: Ask): typeof fetch {
  const allows = (response: Response) =>
    response.headers.get("access-control-allow-origin") === origin && response.headers.get("access-control-allow-credentials") === "true";

  async function preflight(url: string, method: string, headers: Headers): Promise<void> {
    const unsafe = [...headers.keys()].filter((name) => name !== "accept").join(",");
    const asking = new Headers({ origin, "access-control-request-method": method });
    if (unsafe) asking.set("access-control-request-headers", unsafe);
    const answer = await ask(url, { method: "OPTIONS", headers: asking, jar: null });
    const allowed = (answer.headers.get("access-control-allow-headers") ?? "").toLowerCase().split(/, */);
    const methods = (answer.headers.get("access-control-allow-methods") ?? "").split(/, */);
    const isAllowed = unsafe.split(",").every((name) => name === "" || allowed.includes(name));
    if (!answer.ok || !allows(answer) || !isAllowed || !["GET", "POST", ...methods].includes(method))
      throw new TypeError("Failed to fetch");
  }

  return async (input, init = {}) => {
    const url = input instanceof Request ? input.url : String(input);
    const method = init.method ?? "GET";
    const headers = new Headers(init.headers);
    await preflight(url, method, headers);
    for (const [name, value] of Object.entries({ origin, referer: `${origin}/`, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" }))
      headers.set(name, value);
    const jar = init.credentials === "include" && new URL(url).origin === gateway ? thirdParty : null;
    const body = typeof init.body === "string" ? init.body : null;
    const response = await ask(url, { method, headers, body, jar });
    if (!allows(response)) throw new TypeError("Failed to fetch");
    response.headers.delete("set-cookie");
    return response;
  };
}

interface PopupOptions {
  url: string;
  openerOrigin: string | null;
  gateway: string;
  jar: Jar;
  ask: Ask;
  deliver(data: unknown, targetOrigin: string, source: Popup): void;
}

/** A window that another one opened: navigates with Referer and Fetch Metadata as browsers do, and runs what its pages' CSP lets run. */
function openPopup({ url, openerOrigin, gateway, jar, ask, deliver }: PopupOptions): { popup: Popup; loaded: Promise<void> } {
  let page: { text: string } = { text: "" };
  let messageListeners = new Set<Listener>();
  const popup: Popup = {
    closed: false,
    close: () => void (popup.closed = true),
    location: { replace: (next) => void navigate(next, openerOrigin) },
    postMessage(data, targetOrigin) {
      if (targetOrigin === gateway)
        for (const listener of messageListeners) listener({ data, origin: openerOrigin ?? "null", source: opener });
    },
    visited: [],
    text: () => page.text,
  };
  const opener = { postMessage: (data: unknown, targetOrigin: string) => deliver(data, targetOrigin, popup) };

  async function navigate(address: string, initiator: string | null): Promise<void> {
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
    if (last && !popup.closed) await show(await last.text(), last.headers.get("content-security-policy") ?? "");
  }

  async function show(html: string, policy: string): Promise<void> {
    const paragraph = { textContent: /<p[^>]*>([^]*?)<\/p>/.exec(html)?.[1] ?? "" };
    page = {
      get text() {
        return paragraph.textContent;
      },
    };
    messageListeners = new Set();
    const at = popup.visited.at(-1) ?? "";
    const location = { search: new URL(at).search, pathname: new URL(at).pathname, replace: (to: string) => void navigate(to, gateway) };
    const window = {
      opener: openerOrigin === null ? null : opener,
      location,
      history: { replaceState() {} },
      close: () => popup.close(),
      addEventListener: (_type: string, listener: Listener) => void messageListeners.add(listener),
    };
    const document = { body: { dataset: dataOf(html) }, querySelector: () => paragraph };
    const pageFetch = (path: string, init: RequestInit) => {
      const headers = new Headers(init.headers);
      headers.set("origin", gateway);
      headers.set("sec-fetch-site", "same-origin");
      return ask(new URL(path, gateway).href, {
        method: init.method ?? "GET",
        headers,
        body: typeof init.body === "string" ? init.body : null,
        jar,
      });
    };
    for (const [, script = ""] of html.matchAll(/<script>([^]*?)<\/script>/g)) {
      const hash = createHash("sha256").update(script).digest("base64");
      if (policy.includes(`'sha256-${hash}'`)) await runInNewContext(script, { window, document, fetch: pageFetch, URLSearchParams, JSON });
    }
  }

  return { popup, loaded: navigate(url, openerOrigin) };
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

/** `data-…` of the body, as `dataset` names them. */
function dataOf(html: string): Record<string, string> {
  const body = /<body([^>]*)>/.exec(html)?.[1] ?? "";
  return Object.fromEntries(
    [...body.matchAll(/data-([a-z-]+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [
      name.replaceAll(/-(\w)/g, (_match, letter: string) => letter.toUpperCase()),
      value.replaceAll(/&(amp|lt|gt|quot|#39);/g, (_match, entity: string) => entities[entity] ?? ""),
    ]),
  );
}
