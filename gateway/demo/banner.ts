import type { Config } from "../config.ts";

/** What a developer sees at the start: where to click, in what order. */
export function banner({ publicUrl, databaseUrl, connectors }: Config, signInLink: string, isDemo: boolean): string {
  const slug = [...connectors.keys()][0];
  const data = databaseUrl.startsWith("file:") ? databaseUrl.slice("file:".length) : "Postgres (DATABASE_URL)";
  return [
    "",
    `  Xkit Gateway  ${publicUrl}${isDemo ? "   (demo: no configuration file, so a demo provider runs along)" : ""}`,
    "",
    `  1. Sign in     ${signInLink}`,
    ...(slug ? [`  2. Connect     ${publicUrl}/connect/${slug}`] : []),
    `  3. Ask         ${publicUrl}/graphql   (GraphiQL: press play)`,
    "",
    `  Data           ${data}`,
    "",
  ].join("\n");
}
