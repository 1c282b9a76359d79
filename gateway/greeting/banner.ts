import { SIGN_IN_PATH } from "../connect/sign-in.ts";
import type { Config } from "../config/config.ts";

/** What a developer sees at the start: where to click, in what order. */
export function banner({ publicUrl, databaseUrl, connectors }: Config, users: readonly string[] | null, isDemo: boolean): string {
  const slug = [...connectors.keys()][0];
  const data = databaseUrl.startsWith("file:") ? databaseUrl.slice("file:".length) : "Postgres (DATABASE_URL)";
  return [
    "",
    `  Xkit Gateway  ${publicUrl}${isDemo ? "   (demo: there is no configuration file, so the gateway runs a demo provider)" : ""}`,
    "",
    ...(users ? stepsOf(publicUrl, users, slug) : [`  Ask            ${publicUrl}/graphql   (with a bearer token of the upstream)`]),
    "",
    `  Data           ${data}`,
    "",
  ].join("\n");
}

const stepsOf = (publicUrl: string, users: readonly string[], slug: string | undefined): string[] =>
  [
    `Sign in     ${publicUrl}${SIGN_IN_PATH}   (${users.length > 0 ? `as ${users.join(" or ")}` : "with a user token"})`,
    ...(slug ? [`Connect     ${publicUrl}/connect/${slug}`] : []),
    `Ask         ${publicUrl}/graphql   (GraphiQL: press play)`,
  ].map((step, index) => `  ${index + 1}. ${step}`);
