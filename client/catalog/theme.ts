import { type CSSProperties, useEffect } from "react";
import { accentOf, isColor } from "../design/accent.ts";
import { usePlatform } from "../react/use-platform.ts";
import { useLocale } from "./language.tsx";
import { warnDeveloper } from "./warn-developer.ts";

/** How the catalog looks. What is left out comes from the platform, then from the defaults. */
export interface CatalogTheme {
  /** The accent, as `#rrggbb`. Shades that can be read on light and on dark are made from it. */
  color?: string;
  /** Default: `system`, the `color-scheme` of the page around it. */
  scheme?: "light" | "dark" | "system";
}

/** The custom properties that styles.css builds its accents on. A color that is none is the default one. */
export function accentStyle(color: string | null | undefined): CSSProperties {
  const properties: Record<string, string> = accentOf(color);
  return properties;
}

/** The attributes of every root in a page of others, beside its class: its language, scheme and colours. */
export function useRootAttributes({ color, scheme = "system" }: CatalogTheme) {
  const [{ data: platform }] = usePlatform();
  const isRefused = color !== undefined && !isColor(color);
  useEffect(() => {
    if (isRefused)
      warnDeveloper(`theme.color must be a colour such as #4f46e5, not ${JSON.stringify(color)}. The platform's colour is used.`);
  }, [isRefused, color]);
  return { lang: useLocale(), "data-scheme": scheme, style: accentStyle(isRefused ? platform?.color : (color ?? platform?.color)) };
}
