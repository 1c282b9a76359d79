import type { Api } from "../api/api.ts";
import { ConnectError } from "../api/errors.ts";
import { AuthorizationStatusDocument, type AuthorizationStatusSubscription, ConnectionDocument } from "../generated/graphql.ts";
import { keepDeparture } from "./departure.ts";
import type { Authorization, EndedAuthorization, StartedConnection } from "../api/types.ts";

const POPUP_FEATURES = "popup,width=640,height=760";
/** How often the connection is read while connecting, beside the subscription, which may be broken or held back by a proxy. */
const POLL_MS = 4_000;
/** After this long a started authorization can no longer succeed: its state has expired at the gateway. */
const CONNECT_TIMEOUT_MS = 10 * 60_000;

/** Where the user connects: this very page, or a popup of it. */
export interface ConnectWindow {
  /** Where the provider sends the browser at the end. */
  returnTo: string;
  /** Shows the page where the user connects; resolves when the answer can be read at the gateway. */
  visit(api: Api, started: StartedConnection, signal: AbortSignal | undefined): Promise<EndedAuthorization>;
  close(): void;
}

const isFinal = ({ status }: Authorization) => status === "ACTIVE" || status === "ERROR";
/** A broken stream or poll is the other's business. */
const ignore = () => {};
/** Where the user goes on: at the provider, or at the gateway. */
const urlOf = ({ authorization, connectorUrl }: StartedConnection) => authorization?.authorizeUrl ?? connectorUrl;
/** What connecting ends with when the user does not finish it. */
export const cancelled = () => new ConnectError("cancelled", "Connecting was not finished.");

async function readAuthorization(api: Api, started: StartedConnection): Promise<Authorization | null> {
  const { connection } = await api.request(ConnectionDocument, { where: { id: started.id } });
  const authorization = connection?.authorization;
  return authorization && authorization.id === started.authorization?.id && isFinal(authorization) ? authorization : null;
}

/**
 * Resolves with the started authorization once it is ACTIVE or ERROR: by subscription, and by reading it every few seconds.
 * A closed popup says nothing: providers with Cross-Origin-Opener-Policy make an open one look closed.
 */
export function settled(
  api: Api,
  started: StartedConnection,
  signal: AbortSignal | undefined,
  popup?: Window,
): Promise<EndedAuthorization> {
  const stop = new AbortController();
  return new Promise<EndedAuthorization>((resolve, reject) => {
    const check = (authorization: EndedAuthorization | null) => authorization && isFinal(authorization) && resolve(authorization);
    const id = started.authorization?.id ?? "";
    const onData = ({ authorizationStatus }: AuthorizationStatusSubscription) => check(authorizationStatus);
    api.follow(AuthorizationStatusDocument, { id }, { onData }, stop.signal).catch(ignore);
    const poll = setInterval(() => readAuthorization(api, started).then(check, ignore), POLL_MS);
    const timeout = setTimeout(() => reject(cancelled()), CONNECT_TIMEOUT_MS);
    // A page of the gateway says that it cannot go on: nothing else would tell.
    const hear = ({ source, origin, data }: MessageEvent<{ error?: string } | null>) => {
      if (source === popup && started.connectorUrl.startsWith(`${origin}/`) && data?.error) reject(new ConnectError("error", data.error));
    };
    addEventListener("message", hear, { signal: stop.signal });
    stop.signal.addEventListener("abort", () => {
      clearInterval(poll);
      clearTimeout(timeout);
    });
    const abort = () => signal?.aborted && reject(signal.reason);
    abort();
    signal?.addEventListener("abort", abort, { signal: stop.signal });
  }).finally(() => stop.abort());
}

/** This page leaves. Should the browser bring it back from memory, the gateway knows how it ended. */
const thisPage = (): ConnectWindow => ({
  returnTo: location.href,
  visit: (api, started) =>
    new Promise((resolve, reject) => {
      addEventListener(
        "pageshow",
        () => readAuthorization(api, started).then((end) => (end ? resolve(end) : reject(cancelled())), reject),
        { once: true },
      );
      const { authorization, connector } = started;
      if (authorization) keepDeparture({ slug: connector.slug, name: connector.name, authorizationId: authorization.id });
      location.assign(urlOf(started));
    }),
  close() {},
});

const returnToClose = (slug: string): string => `/connectors/${slug}?close=1&opener_origin=${location.origin}`;

/** The browser has blocked the popup: a click on a link opens a tab all the same. */
const linkedPage = (slug: string, onBlocked: (url: string) => void): ConnectWindow => ({
  returnTo: returnToClose(slug),
  visit(api, started, signal) {
    onBlocked(urlOf(started));
    return settled(api, started, signal);
  },
  close() {},
});

const popupPage = (popup: Window, slug: string): ConnectWindow => ({
  returnTo: returnToClose(slug),
  visit(api, started, signal) {
    // With `replace`, WebKit sends no `Referer` from a window that has been nowhere yet.
    popup.location.href = urlOf(started);
    return settled(api, started, signal, popup);
  },
  close: () => popup.close(),
});

/**
 * Call it inside the click, before anything is awaited, or the popup is blocked; then `onBlocked` is given a link, or this page is used.
 * Throws TypeError where there are no pages.
 */
export function openConnectWindow(slug: string, popup: boolean, onBlocked?: (url: string) => void): ConnectWindow {
  if (typeof window === "undefined") throw new TypeError("connect needs a page: a server has startConnecting.");
  // A window for each attempt, without a name: an attempt that ends closes its own, and never one that a newer attempt uses.
  const opened = popup ? window.open("about:blank", "_blank", POPUP_FEATURES) : null;
  if (opened) return popupPage(opened, slug);
  return popup && onBlocked ? linkedPage(slug, onBlocked) : thisPage();
}
