/** Where a page keeps what it left for, until it is back. The tab's own: other tabs have left for nothing. */
const KEY = "xkit:departure";

/** What a page has left for. */
export interface Departure {
  slug: string;
  name: string;
  /** Of the authorization that was started. */
  authorizationId: string;
}

/** What was left for longer ago is no news any more: the authorization had to be finished in this time. */
const NEWS_MS = 10 * 60_000;

/** Keeps what the page leaves for. Where the browser keeps nothing, nothing is said afterwards. */
export function keepDeparture(departure: Departure): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...departure, at: Date.now() }));
  } catch {}
}

/** What this tab has left for in the last ten minutes, once. */
export function takeDeparture(): Departure | null {
  try {
    const text = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return text === null ? null : parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function parse(value: unknown): Departure | null {
  if (typeof value !== "object" || value === null) return null;
  if (!("slug" in value && "name" in value && "authorizationId" in value && "at" in value)) return null;
  const { slug, name, authorizationId, at } = value;
  if (typeof at !== "number" || Date.now() - at > NEWS_MS) return null;
  return typeof slug === "string" && typeof name === "string" && typeof authorizationId === "string"
    ? { slug, name, authorizationId }
    : null;
}
