/** A host as names and addresses are written: some that URLs allow have a meaning of their own in a policy. */
const plainOrigin = /^https?:\/\/[\w.:[\]-]+$/;

/** Origins of images, as a Content-Security-Policy names them. What is no http(s) URL has none. */
export function imageOriginsOf(urls: readonly (string | null)[]): string[] {
  const origins = urls.flatMap((url) => URL.parse(url ?? "")?.origin ?? []);
  return [...new Set(origins)].filter((origin) => plainOrigin.test(origin));
}
