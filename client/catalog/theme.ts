import type { CSSProperties } from "react";

/** How the catalog looks. What is left out comes from the platform, then from the defaults. */
export interface CatalogTheme {
  /** The accent, as `#rrggbb`. Shades that can be read on light and on dark are made from it. */
  color?: string;
  /** Default: `system`. */
  scheme?: "light" | "dark" | "system";
}

const DEFAULT_COLOR = "#5b5bd6";
/** WCAG 2.2 success criterion 1.4.3: text on its background. */
const TEXT_CONTRAST = 4.5;
/** WCAG 2.2 success criterion 1.4.11: the shape of a button on its background. */
const SHAPE_CONTRAST = 3;
const MIX_STEP = 0.04;

type Rgb = readonly [number, number, number];
const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [17, 17, 19];
/** The surfaces of styles.css that accent text stands on. */
const LIGHT_SURFACE: Rgb = [247, 247, 249];
const DARK_SURFACE: Rgb = [29, 30, 34];

function parseColor(color: string): Rgb | null {
  const digits = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color);
  return digits && [parseInt(digits[1] ?? "", 16), parseInt(digits[2] ?? "", 16), parseInt(digits[3] ?? "", 16)];
}

/** WCAG relative luminance, 0 to 1. */
function luminance([red, green, blue]: Rgb): number {
  const linear = (value: number) => (value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** WCAG contrast ratio, 1 to 21. */
function contrast(one: Rgb, other: Rgb): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

const mix = (from: Rgb, to: Rgb, share: number): Rgb => [
  Math.round(from[0] + (to[0] - from[0]) * share),
  Math.round(from[1] + (to[1] - from[1]) * share),
  Math.round(from[2] + (to[2] - from[2]) * share),
];

/** The color, moved towards another as little as its text needs to be read on the surface. */
function readableOn(color: Rgb, surface: Rgb, towards: Rgb): Rgb {
  for (let share = 0; share < 1; share += MIX_STEP) {
    const candidate = mix(color, towards, share);
    if (contrast(candidate, surface) >= TEXT_CONTRAST) return candidate;
  }
  return towards;
}

const css = (color: Rgb) => `rgb(${color.join(" ")})`;

/** The custom properties that styles.css builds its accents on. A color that is none is the default one. */
export function accentStyle(color: string | null | undefined): CSSProperties {
  const fill = parseColor(color ?? "") ?? parseColor(DEFAULT_COLOR) ?? BLACK;
  const onFill = contrast(WHITE, fill) >= TEXT_CONTRAST || contrast(WHITE, fill) > contrast(BLACK, fill) ? WHITE : BLACK;
  const ground = onFill === WHITE ? readableOn(fill, WHITE, BLACK) : fill;
  const accentLight = readableOn(fill, LIGHT_SURFACE, BLACK);
  const accentDark = readableOn(fill, DARK_SURFACE, WHITE);
  const edgeOn = (surface: Rgb, accent: Rgb) => (contrast(ground, surface) >= SHAPE_CONTRAST ? "transparent" : css(accent));
  const properties: Record<`--xk-${string}`, string> = {
    "--xk-fill": css(ground),
    "--xk-on-fill": css(onFill),
    "--xk-accent-light": css(accentLight),
    "--xk-accent-dark": css(accentDark),
    "--xk-edge-light": edgeOn(LIGHT_SURFACE, accentLight),
    "--xk-edge-dark": edgeOn(DARK_SURFACE, accentDark),
  };
  return properties;
}
