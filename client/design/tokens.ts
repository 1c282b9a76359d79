/** The colours and shapes of every page: the catalog, the pages on the way to a provider, the demo's and the operator's. */

/** What is behind an element that is pointed at: of all grounds the one that text and shapes are hardest to see on. */
export const HOVER = ["#f1f1f4", "#26272c"] as const;

/** Each colour on light and on dark. */
export const colors = {
  page: ["#fafafb", "#131417"],
  surface: ["#ffffff", "#1a1b1f"],
  hover: HOVER,
  line: ["#e6e6ea", "#2b2c32"],
  "line-strong": ["#d2d2d9", "#3d3f47"],
  field: ["#8a8a94", "#7d7f8a"],
  text: ["#18181b", "#f2f2f4"],
  muted: ["#5f5f6b", "#a5a5b0"],
  faint: ["#a1a1ac", "#6b6b77"],
  good: ["#16a34a", "#34c274"],
  "good-text": ["#15703a", "#5fd693"],
  "good-line": ["#bfe5cc", "#1f4a2f"],
  "good-ground": ["#f1fbf4", "#14251a"],
  warn: ["#e08a00", "#f0a92e"],
  "warn-text": ["#8a5200", "#f3c064"],
  "warn-line": ["#f3dcae", "#4d3c17"],
  "warn-ground": ["#fff9ec", "#2a2212"],
  bad: ["#d02f3b", "#c93540"],
  "bad-text": ["#b3202c", "#ff9097"],
  "bad-line": ["#f5cdd0", "#56262b"],
  "bad-ground": ["#fff4f4", "#2c181a"],
} as const;

/** What is the same on light and on dark. */
export const shapes = {
  font: 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  radius: "1rem",
} as const;

const entries = Object.entries(colors);
const shapeRules = (valueOf: (name: string, value: string) => string) =>
  Object.entries(shapes).map(([name, value]) => `--xk-${name}: ${valueOf(name, value)};`);

/** Declarations for an element whose `color-scheme` may be chosen. Each token is the page's own `--xkit-…` of the same name, where it has one. */
export const tokensByScheme = (): string =>
  [
    ...entries.map(([name, [light, dark]]) => `--xk-${name}: var(--xkit-${name}, light-dark(${light}, ${dark}));`),
    ...shapeRules((name, value) => `var(--xkit-${name}, ${value})`),
    "--xk-accent: light-dark(var(--xk-accent-light), var(--xk-accent-dark));",
    "--xk-edge: light-dark(var(--xk-edge-light), var(--xk-edge-dark));",
  ].join("\n");

/** Rules for a whole page, in the scheme that its reader prefers, also for browsers without `light-dark()`. */
export function tokensOfPage(accent: Readonly<Record<string, string>>): string {
  const declare = (index: 0 | 1, scheme: string) =>
    [
      ...entries.map(([name, values]) => `--xk-${name}: ${values[index]};`),
      `--xk-accent: var(--xk-accent-${scheme});`,
      `--xk-edge: var(--xk-edge-${scheme});`,
    ].join(" ");
  const fixed = Object.entries(accent).map(([name, value]) => `${name}: ${value};`);
  return `:root { color-scheme: light dark; ${[...shapeRules((_name, value) => value), ...fixed].join(" ")} ${declare(0, "light")} }
@media (prefers-color-scheme: dark) { :root { ${declare(1, "dark")} } }`;
}
