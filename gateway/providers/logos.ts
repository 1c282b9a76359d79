import { readdirSync } from "node:fs";

/** The logos of known providers. The build copies them beside the compiled code. */
const FOLDER = new URL("../providers/logos/", import.meta.url);
const EXTENSION = ".svg";

/** Where this gateway serves them. */
export const LOGO_PATH = "/logos";

const files: ReadonlySet<string> = new Set(readdirSync(FOLDER).filter((name) => name.endsWith(EXTENSION)));

/** The file of a logo by its name, as `slack.svg`; null where there is none. */
export const findLogoFile = (name: string): URL | null => (files.has(name) ? new URL(name, FOLDER) : null);

/** The address of a provider's logo at this gateway; null where it has none. */
export function logoUrlOf(publicUrl: string, slug: string | undefined): string | null {
  const name = `${slug}${EXTENSION}`;
  return files.has(name) ? `${publicUrl}${LOGO_PATH}/${name}` : null;
}
