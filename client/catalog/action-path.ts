/** Below these, opening an address of the gateway does something, or is not a page. */
const ACTION_PAGES: ReadonlySet<string> = new Set(["authorizations", "connect", "callback", "continue", "sign-in", "sign-out", "api"]);
/** No path of the gateway has any of these. */
const deceptive = /[\p{Cc}\\]/u;

/**
 * Whether opening a path of the gateway may do something, so that no link of this page leads there. Judges what any router or proxy may
 * make of the path. The gateway has the same rule (`gateway/http/action-path.ts`), and one table tests both.
 */
export function isActionPath(path: string): boolean {
  const decoded = decode(path);
  if (decoded === null || deceptive.test(decoded)) return true;
  const segments: string[] = [];
  for (const segment of decoded.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  const [first = ""] = (segments[0] ?? "").split(/[?#;]/, 1);
  return ACTION_PAGES.has(first.toLowerCase());
}

function decode(path: string): string | null {
  try {
    const decoded = decodeURIComponent(path);
    return decoded === path ? path : decode(decoded);
  } catch {
    return null;
  }
}
