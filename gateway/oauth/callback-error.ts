/** Where providers put an error code in a callback, the standard's first (RFC 6749 section 4.1.2.1). */
const CODE_PARAMETERS = ["error", "error_code", "error_reason"] as const;
const TEXT_PARAMETERS = ["error_description", "error_message", "error_reason"] as const;

export interface CallbackError {
  /** Untrusted. */
  readonly code: string;
  /** Untrusted: the provider's words; null where there are none. */
  readonly description: string | null;
}

/** The error that a callback without a code tells of, in the standard's parameters or a provider's; null when there is none. */
export function findCallbackError(params: URLSearchParams): CallbackError | null {
  if (params.get("code")) return null;
  const first = (names: readonly string[]) => names.map((name) => params.get(name)).find((value) => value !== null && value !== "") ?? null;
  const [code, description] = [first(CODE_PARAMETERS), first(TEXT_PARAMETERS)];
  return code === null && description === null ? null : { code: code ?? "unknown_error", description };
}
