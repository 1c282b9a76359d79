export interface ConsentOptions {
  /** Who to sign in as. Default `ada`. */
  readonly account?: string | undefined;
  /** Say no. Default false. */
  readonly deny?: boolean | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/** Most pages and redirects on the way; more mean that it goes round in circles. */
const MAX_STEPS = 20;

interface Page {
  readonly url: URL;
  readonly status: number;
  readonly location: URL | null;
  readonly html: string;
}

type Send = (url: URL, form?: URLSearchParams) => Promise<Page>;

/**
 * Walks a browser's way through the demo provider: sign in, allow (or deny), and back.
 *
 * `authorizeUrl` may also be a page that redirects there. Resolves to the callback URL the browser is sent to at the end, which is not
 * visited. Throws `Error` when a page has no form to go on with.
 */
export async function walkConsent(authorizeUrl: URL | string, options: ConsentOptions = {}): Promise<string> {
  const { account = "ada", deny = false, fetch = globalThis.fetch } = options;
  const choices = new Map([
    ["account", account],
    ["decision", deny ? "deny" : "allow"],
  ]);
  const send = createBrowser(fetch);
  let callback = callbackOf(new URL(authorizeUrl));
  let page = await send(new URL(authorizeUrl));
  for (let step = 0; step < MAX_STEPS; step += 1) {
    callback ??= page.location && callbackOf(page.location);
    if (page.location !== null && callback !== null && isAt(page.location, callback)) return page.location.href;
    page = page.location === null ? await submit(send, page, choices) : await send(page.location);
  }
  throw new Error(`Consent did not end within ${MAX_STEPS} steps.`);
}

/** Takes all access of one account back at the demo provider, as its `/grants` page does. */
export async function revokeAtProvider(grantsUrl: string, account = "ada", fetch = globalThis.fetch): Promise<void> {
  const response = await fetch(grantsUrl, { method: "POST", body: new URLSearchParams({ account }), redirect: "manual" });
  if (response.status !== 303) throw new Error(`The demo provider did not revoke the access (status ${response.status}).`);
}

/** Cookies are kept for each origin, by name; paths do not matter on so short a way. */
function createBrowser(fetch: typeof globalThis.fetch): Send {
  const jars = new Map<string, Map<string, string>>();
  return async (url, form) => {
    const jar = jars.get(url.origin) ?? new Map<string, string>();
    jars.set(url.origin, jar);
    const headers = { accept: "text/html", cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") };
    const response = await fetch(url, { headers, redirect: "manual", ...(form && { method: "POST", body: form }) });
    for (const cookie of response.headers.getSetCookie()) keep(jar, cookie);
    const location = response.headers.get("location");
    return { url, status: response.status, location: location === null ? null : new URL(location, url), html: await response.text() };
  };
}

function keep(jar: Map<string, string>, setCookie: string): void {
  const [pair = ""] = setCookie.split(";");
  const [name = "", ...value] = pair.split("=");
  if (value.join("=") === "") jar.delete(name);
  else jar.set(name, value.join("="));
}

/** Presses the button, on whichever form has one, that stands for one of the choices. */
function submit(send: Send, page: Page, choices: ReadonlyMap<string, string>): Promise<Page> {
  for (const [, action = "", body = ""] of page.html.matchAll(/<form method="post" action="([^"]+)">(.*?)<\/form>/gs)) {
    const buttons = [...body.matchAll(/<button[^>]* name="([^"]+)" value="([^"]+)"/g)];
    const pressed = buttons.find(([, name = "", value]) => choices.get(name) === value);
    if (pressed) return send(new URL(action, page.url), new URLSearchParams([[pressed[1] ?? "", pressed[2] ?? ""]]));
  }
  throw new Error(`The page at ${page.url.origin}${page.url.pathname} (status ${page.status}) has no way on.`);
}

function callbackOf(url: URL): URL | null {
  const redirectUri = url.searchParams.get("redirect_uri");
  return redirectUri === null ? null : URL.parse(redirectUri);
}

function isAt(url: URL, callback: URL): boolean {
  return url.origin === callback.origin && url.pathname === callback.pathname;
}
