import type { TestApp, TestUser } from "./test-app.ts";

/** What tests read of a connection. */
export const CONNECTION = `id enabled authorization { status errorCode errorMessage scopes missingScopes displayLabel }`;

export const connectionOf = async (user: TestUser) =>
  (await user.graphql(`{ connection(where: { slug: "test" }) { ${CONNECTION} } }`)).data.connection;

export const tokenOf = async (user: TestUser) => (await user.graphql(`{ connectionToken(where: { slug: "test" }) }`)).data.connectionToken;

/** Starts connecting at `/connect/test`, agrees at the provider, and answers where the provider sends the browser. */
export async function startAt({ provider }: TestApp, user: TestUser, query = ""): Promise<URL> {
  const started = await user.browser.fetch(`/connect/test${query}`);
  return provider.authorize(started.headers.get("location") ?? "");
}

/** What a page says to its reader first. */
export const alertOf = async (response: Response) => /role="(?:alert|status)">([^<]*)</.exec(await response.text())?.[1];
