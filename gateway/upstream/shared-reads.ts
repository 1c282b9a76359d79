import { isTemporary } from "../../schema/errors.ts";

/** What many want to read at the same moment, and one of them reads for all. */
export interface SharedReads<Value> {
  /**
   * What is read under `key`, in the next turn of the event loop, by one of those who have asked until then. Each is as good as another,
   * and they take turns. Where one is refused, that one alone is told, and the next reads. A passing failure is told to all.
   */
  read(this: void, key: string, read: () => Promise<Value>): Promise<Value>;
}

interface Reader<Value> {
  read: () => Promise<Value>;
  resolve(value: Value): void;
  reject(error: unknown): void;
}

export function createSharedReads<Value>(): SharedReads<Value> {
  const gathered = new Map<string, Reader<Value>[]>();
  let turn = 0;

  function gather(key: string): Reader<Value>[] {
    const readers: Reader<Value>[] = [];
    gathered.set(key, readers);
    setImmediate(() => {
      gathered.delete(key);
      const first = (turn += 1) % readers.length;
      void readForAll([...readers.slice(first), ...readers.slice(0, first)]);
    });
    return readers;
  }

  return {
    read: (key, read) =>
      new Promise<Value>((resolve, reject) => {
        (gathered.get(key) ?? gather(key)).push({ read, resolve, reject });
      }),
  };
}

async function readForAll<Value>(readers: readonly Reader<Value>[]): Promise<void> {
  const [reader, ...others] = readers;
  if (!reader) return;
  try {
    const value = await reader.read();
    for (const { resolve } of readers) resolve(value);
  } catch (error) {
    const told = isTemporary(error) ? readers : [reader];
    for (const { reject } of told) reject(error);
    if (told !== readers) await readForAll(others);
  }
}
