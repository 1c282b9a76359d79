export type ContentEncoding = "br" | "gzip";

/** In the order in which they are chosen where a reader takes several. */
const encodings: readonly ContentEncoding[] = ["br", "gzip"];

/**
 * The encoding in which an answer is sent, by the request's `Accept-Encoding` (RFC 9110 section 12.5.3); null for none. `q=0` refuses an
 * encoding, other weights do not count.
 */
export function chooseEncoding(accepted: string | null): ContentEncoding | null {
  if (!accepted) return null;
  const taken = new Set<string>();
  const refused = new Set<string>();
  for (const entry of accepted.toLowerCase().split(",")) {
    const [name = "", ...parameters] = entry.split(";").map((part) => part.trim());
    const isRefused = parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
    (isRefused ? refused : taken).add(name);
  }
  return encodings.find((encoding) => taken.has(encoding) || (taken.has("*") && !refused.has(encoding))) ?? null;
}
