/** `X-Api-Key: {api_key}` */
const declaredHeader = /^(?<name>[\w-]+): (?<value>.*)$/;

/**
 * The header that carries a credential, by the provider's template. `{access_token}` and `{api_key}` stand for the credential, `{basic}`
 * for its base64, as a user and a password are sent (RFC 7617 section 2). Throws `TypeError` for a template that is no header.
 */
export function fillCredentialHeader(template: string, credential: string): { name: string; value: string } {
  const { name, value } = declaredHeader.exec(template)?.groups ?? {};
  if (name === undefined || value === undefined) throw new TypeError("A credential header must be a name, a colon and a value.");
  const filled = value.replaceAll(/\{(access_token|api_key|basic)\}/g, (_match, kind: string) =>
    kind === "basic" ? Buffer.from(credential).toString("base64") : credential,
  );
  return { name, value: filled };
}

/** The same for a request. Throws `TypeError` for a template that is no header. */
export function toCredentialHeader(template: string, credential: string): Record<string, string> {
  const { name, value } = fillCredentialHeader(template, credential);
  return { [name.toLowerCase()]: value };
}
