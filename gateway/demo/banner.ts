import type { Config } from "../config/config.ts";

/** What a developer sees at the start: where to click, in what order. Without a sign-in link the users are the upstream's. */
export function banner({ publicUrl, databaseUrl, connectors }: Config, signInLink: string | null, isDemo: boolean): string {
  const slug = [...connectors.keys()][0];
  const data = databaseUrl.startsWith("file:") ? databaseUrl.slice("file:".length) : "Postgres (DATABASE_URL)";
  return [
    "",
    `  Xkit Gateway  ${publicUrl}${isDemo ? "   (demo: no configuration file, so a demo provider runs along)" : ""}`,
    "",
    ...(signInLink ? stepsOf(publicUrl, signInLink, slug) : [`  Ask            ${publicUrl}/graphql   (with a bearer of the upstream)`]),
    "",
    `  Data           ${data}`,
    "",
  ].join("\n");
}

const stepsOf = (publicUrl: string, signInLink: string, slug: string | undefined): string[] =>
  [
    `Sign in     ${signInLink}`,
    ...(slug ? [`Connect     ${publicUrl}/connect/${slug}`] : []),
    `Ask         ${publicUrl}/graphql   (GraphiQL: press play)`,
  ].map((step, index) => `  ${index + 1}. ${step}`);
