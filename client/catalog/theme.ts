import type { CSSProperties } from "react";
import { accentOf } from "../design/accent.ts";

/** How the catalog looks. What is left out comes from the platform, then from the defaults. */
export interface CatalogTheme {
  /** The accent, as `#rrggbb`. Shades that can be read on light and on dark are made from it. */
  color?: string;
  /** Default: `system`. */
  scheme?: "light" | "dark" | "system";
}

/** The custom properties that styles.css builds its accents on. A color that is none is the default one. */
export function accentStyle(color: string | null | undefined): CSSProperties {
  const properties: Record<string, string> = accentOf(color);
  return properties;
}
