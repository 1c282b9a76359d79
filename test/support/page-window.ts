import { setImmediate as nextTurn } from "node:timers/promises";
import { Agent } from "undici";
import { WebSocket } from "ws";
import { askWith, createPageFetch, type Jar } from "./page-fetch.ts";
import { type MessageListener, openPopup, type Popup } from "./popup-window.ts";

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

export function createPageWindow({ origin, gateway, certificate, thirdPartyCookies = "allowed" }: Options): PageWindow {
  const dispatcher = new Agent({ connect: { ca: certificate } });
  const firstParty: Jar = new Map();
  const thirdParty: Jar | null = { allowed: firstParty, partitioned: new Map<string, string>(), blocked: null }[thirdPartyCookies];
  const listeners = new Set<MessageListener>();
  const sockets = new Set<WebSocket>();
  const location = { origin, href: `${origin}/` };
  let opened: Popup | null = null;

  const ask = askWith(dispatcher, gateway);
  const deliverNext = async (event: Parameters<MessageListener>[0]) => {
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
    addEventListener: (type: string, listener: MessageListener) => void (type === "message" && listeners.add(listener)),
    removeEventListener: (_type: string, listener: MessageListener) => void listeners.delete(listener),
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
