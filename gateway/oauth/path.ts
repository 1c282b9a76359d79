import { z } from "zod";

const object = z.record(z.string(), z.unknown());

/** A JSON object, else null: arrays, texts, numbers and null are none. */
export function findObject(value: unknown): Record<string, unknown> | null {
  const parsed = object.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** The value at a dot path (`data.user.id`; array members by index), else undefined. Only own members are followed. */
export function findAt(value: unknown, path: string): unknown {
  let current = value;
  for (const name of path.split(".")) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, name)) return undefined;
    current = Reflect.get(current, name);
  }
  return current;
}
