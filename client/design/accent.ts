/** The platform's colour, as every page of the gateway uses it: shapes that can be seen and text that can be read, on light and on dark. */
import { HOVER } from "./tokens.ts";

export const DEFAULT_COLOR = "#5b5bd6";
/** WCAG 2.2 success criterion 1.4.3: text on its background. */
const TEXT_CONTRAST = 4.5;
/** WCAG 2.2 success criterion 1.4.11: the shape of a button on its background. */
const SHAPE_CONTRAST = 3;
const MIX_STEP = 0.04;

type Rgb = readonly [number, number, number];
const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

/** Whether pages can be coloured by it, as by the configuration's `platform.color`. */
export const isColor = (color: string): boolean => parseColor(color) !== null;

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

/** Custom properties, by their names. */
export type Properties = Record<`--xk-${string}`, string>;

/**
 * What is made of the platform's colour, `#rrggbb`: what fills a button and what is read on it, an accent for text, and an edge where the
 * fill alone is not seen. A color that is none is the default one.
 */
export function accentOf(color: string | null | undefined): Properties {
  const fill = parseColor(color ?? "") ?? parseColor(DEFAULT_COLOR) ?? BLACK;
  const [light, dark] = HOVER.map((surface) => parseColor(surface) ?? WHITE);
  const properties: Properties = {
    "--xk-fill": css(fill),
    "--xk-on-fill": css(contrast(WHITE, fill) >= TEXT_CONTRAST ? WHITE : BLACK),
  };
  for (const [scheme, surface, towards] of [
    ["light", light ?? WHITE, BLACK],
    ["dark", dark ?? BLACK, WHITE],
  ] as const) {
    const accent = readableOn(fill, surface, towards);
    properties[`--xk-accent-${scheme}`] = css(accent);
    properties[`--xk-edge-${scheme}`] = contrast(fill, surface) >= SHAPE_CONTRAST ? "transparent" : css(accent);
  }
  return properties;
}
