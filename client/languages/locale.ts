/** What developers have been warned of, once each. */
const warned = new Set<unknown>();
/** A server may be given tags without end. */
const MOST_WARNINGS = 20;

/**
 * The locale of an option: a BCP 47 tag in its canonical form, with `_` taken for `-`, as `de-DE` for `de_DE`. Undefined where none is given,
 * and for what is no tag, of which the console warns: a browser sends no such Accept-Language to another origin (Fetch, "CORS-safelisted
 * request-header").
 */
export function parseLocale(tag: string | undefined): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag?.replaceAll("_", "-"))[0];
  } catch {
    if (!warned.has(tag) && warned.size < MOST_WARNINGS) {
      warned.add(tag);
      console.warn(`locale "${tag}" is ignored: it is no BCP 47 tag, as "en-GB".`);
    }
    return undefined;
  }
}
