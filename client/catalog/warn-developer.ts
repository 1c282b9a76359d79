const warned = new Set<string>();

/** Tells the developer of the page around the catalog, each thing once. */
export function warnDeveloper(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  console.warn(message);
}
