import type { IncomingMessage, ServerResponse } from "node:http";
import { demoAccounts } from "./accounts.ts";
import { demoClient } from "./configuration.ts";
import { readForm, seeOther, sendJson, sendPage } from "./http.ts";
import type { OidcProvider } from "./load.ts";
import type { MemoryStore } from "./memory-adapter.ts";
import { grantsPage } from "./pages.ts";

/** Where access is taken back at the provider. */
export const GRANTS_PATH = "/grants";

/**
 * Answers `/grants`: GET lists who has given access, POST with `account` revokes all that this account has given.
 *
 * There are no passwords here, so no sign-in is needed; posts from other origins are refused.
 */
export async function answerGrants(
  provider: OidcProvider,
  store: MemoryStore,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== "POST") return sendPage(response, 200, grantsPage(GRANTS_PATH, demoClient.name, countGrants(store)));
  const { origin } = request.headers;
  if (origin !== undefined && origin !== provider.issuer) return sendJson(response, 403, { error: "wrong_origin" });
  await revokeGrants(provider, store, (await readForm(request)).get("account") ?? "");
  seeOther(response, GRANTS_PATH);
}

function countGrants(store: MemoryStore) {
  return demoAccounts.map((account) => ({ ...account, grants: grantsOf(store, account.id).length }));
}

/** A grant that was not finished (consent without a code redeemed) has no tokens, and is not worth showing; it is revoked all the same. */
async function revokeGrants(provider: OidcProvider, store: MemoryStore, accountId: string): Promise<void> {
  for (const { id } of store.list("Grant", (payload) => payload.accountId === accountId)) {
    await provider.AccessToken.revokeByGrantId(id);
    await provider.RefreshToken.revokeByGrantId(id);
    await provider.AuthorizationCode.revokeByGrantId(id);
    await (await provider.Grant.find(id))?.destroy();
  }
}

function grantsOf(store: MemoryStore, accountId: string) {
  const withTokens = new Set(store.list("RefreshToken", () => true).map(({ payload }) => payload.grantId));
  return store.list("Grant", (payload) => payload.accountId === accountId).filter(({ id }) => withTokens.has(id));
}
