/** The page that closes the popup of xkit.js: of those below `/authorizations`, the one that a browser may be led back to. */
export const POPUP_DONE_PATH = "/authorizations/done";

/** Below these, opening an address does something: it starts or finishes connecting, or changes who is signed in. */
const ACTION_PAGES: ReadonlySet<string> = new Set(["authorizations", "connect", "callback", "continue", "sign-in", "sign-out"]);
const API = "api";
/** No path of ours has any of these. */
const deceptive = /[\p{Cc}\\]/u;

/**
 * Whether opening a path of this gateway may do something, so that `returnTo` must not lead there.
 *
 * Judges what any router or proxy may make of it: percent-encoding in any depth, dot segments, doubled slashes, either case. A path that
 * cannot be decoded counts as one that acts. `client/catalog/action-path.ts` has the same rule.
 */
export function isActionPath(path: string): boolean {
  const first = firstSegmentOf(path);
  return first === null || first === API || ACTION_PAGES.has(first);
}

/** Whether a path is one of the pages that act. */
export function isActionPage(path: string): boolean {
  const first = firstSegmentOf(path);
  return first !== null && ACTION_PAGES.has(first);
}

/** The first segment of a path, decoded and in lower case; null when the path is deceptive. */
export function firstSegmentOf(path: string): string | null {
  const decoded = decode(path);
  if (decoded === null || deceptive.test(decoded)) return null;
  const segments: string[] = [];
  for (const segment of decoded.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return (segments[0] ?? "").split(/[?#;]/, 1).join("").toLowerCase();
}

function decode(path: string): string | null {
  try {
    const decoded = decodeURIComponent(path);
    return decoded === path ? path : decode(decoded);
  } catch {
    return null;
  }
}
