/** Quiet colours, on each of which white is read. */
const GROUNDS = ["#5b5bd6", "#0d7490", "#b4437a", "#a15c07", "#3a7d44"] as const;

/** What is behind the initial of a connector without a logo: the same colour each time. */
export const groundOf = (slug: string): string => GROUNDS[(slug.charCodeAt(0) + slug.length) % GROUNDS.length] ?? GROUNDS[0];
