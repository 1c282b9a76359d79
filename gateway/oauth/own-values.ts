/** What a provider's further parameters may hold of the grant itself: `{client_id}`, `{access_token}` and so on. */
export type OwnValues = Readonly<
  Partial<Record<"client_id" | "client_secret" | "redirect_uri" | "access_token" | "refresh_token" | "token", string | null>>
>;

const placeholder = /\{(client_id|client_secret|redirect_uri|access_token|refresh_token|token)\}/g;

/** A text with the values filled in; null where it holds one that is not known. */
export function fillOwnValues(text: string, values: OwnValues): string | null {
  const byName: Readonly<Record<string, string | null | undefined>> = values;
  let isComplete = true;
  const filled = text.replaceAll(placeholder, (_match, name: string) => {
    const value = byName[name];
    isComplete &&= value !== null && value !== undefined;
    return value ?? "";
  });
  return isComplete ? filled : null;
}
