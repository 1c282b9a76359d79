/** Longest line that is read, in bytes: 256 KiB. */
export const MAXIMUM_LINE_BYTES = 262_144;

const NEWLINE = 0x0a;

/** A line of a file, by its number from 1. `text` null: it is longer than `MAXIMUM_LINE_BYTES`, and was passed over. */
export interface Line {
  number: number;
  text: string | null;
}

/** The lines of a stream of bytes, without empty ones. Never holds more than one line and one chunk. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  let [number, bytes] = [0, 0];
  let parts: Uint8Array[] = [];
  const take = (part: Uint8Array) => {
    bytes += part.length;
    // What is too long is counted, and not kept.
    if (bytes > MAXIMUM_LINE_BYTES) parts = [];
    else if (part.length > 0) parts.push(part);
  };
  const end = (): Line | null => {
    number += 1;
    const text = bytes > MAXIMUM_LINE_BYTES ? null : decoder.decode(Buffer.concat(parts)).trim();
    [parts, bytes] = [[], 0];
    return text === "" ? null : { number, text };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      take(chunk.subarray(start, at));
      start = at + 1;
      const line = end();
      if (line) yield line;
    }
    // A copy: the rest of a chunk must not keep the whole of it.
    take(Uint8Array.from(chunk.subarray(start)));
  }
  const last = bytes > 0 ? end() : null;
  if (last) yield last;
}
