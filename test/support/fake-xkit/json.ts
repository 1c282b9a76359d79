/** The members of a JSON text that is an object; none of any other text. */
export function membersOf(text: string): Map<string, unknown> {
  try {
    return entriesOf(JSON.parse(text));
  } catch {
    return new Map();
  }
}

export const entriesOf = (value: unknown): Map<string, unknown> =>
  new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);

export function textOf(members: ReadonlyMap<string, unknown>, name: string): string | null {
  const value = members.get(name);
  return typeof value === "string" ? value : null;
}

/** The texts of a list, or null where there is no list. */
export function textsOf(members: ReadonlyMap<string, unknown>, name: string): string[] | null {
  const value = members.get(name);
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : null;
}

/** Undefined where it is absent, null where it is anything but a text. */
export const clearableOf = (members: ReadonlyMap<string, unknown>, name: string): string | null | undefined =>
  members.has(name) ? textOf(members, name) : undefined;
