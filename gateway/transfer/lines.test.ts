import { describe, expect, it } from "vitest";
import { type Line, MAXIMUM_LINE_BYTES, readLines } from "./lines.ts";

async function* inChunks(text: string, bytes: number): AsyncGenerator<Uint8Array> {
  const whole = Buffer.from(text);
  for (let at = 0; at < whole.length; at += bytes) yield whole.subarray(at, at + bytes);
}

async function linesOf(text: string, bytes: number): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of readLines(inChunks(text, bytes))) lines.push(line);
  return lines;
}

describe("the lines of a file", () => {
  it.each([1, 2, 3, 7, 1_000])("are the same in chunks of %i bytes, without empty ones, and keep their numbers", async (bytes) => {
    expect(await linesOf("{ä}\r\n\n  \n€\n\nlast", bytes)).toEqual([
      { number: 1, text: "{ä}" },
      { number: 4, text: "€" },
      { number: 6, text: "last" },
    ]);
  });

  it("are passed over where they are too long, and the next one is read", async () => {
    const text = `${"x".repeat(MAXIMUM_LINE_BYTES)}\n${"y".repeat(MAXIMUM_LINE_BYTES + 1)}\nz\n`;
    const lines = await linesOf(text, 65_536);
    expect(lines.map(({ number, text: line }) => [number, line?.length ?? null])).toEqual([
      [1, MAXIMUM_LINE_BYTES],
      [2, null],
      [3, 1],
    ]);
  });

  it("are passed over where a last one without an end is too long", async () => {
    expect(await linesOf("y".repeat(MAXIMUM_LINE_BYTES + 1), 65_536)).toEqual([{ number: 1, text: null }]);
  });
});
