import { createFailure, type GrantOperation } from "./failure.ts";
import type { TokenFailure } from "./result.ts";
import { MetadataError } from "./server-metadata.ts";

/** Nothing was asked of a provider, as its metadata does not say where. Throws what is no `MetadataError`. */
export function unknownEndpoints(operation: GrantOperation, error: unknown): TokenFailure {
  if (!(error instanceof MetadataError)) throw error;
  const { kind, code, message: description } = error;
  return createFailure({ operation, kind, delivery: "unsent", code, description, secrets: [] });
}
