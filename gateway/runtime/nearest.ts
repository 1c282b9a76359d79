/** Most letters that a mistyped word may differ in, of ten. */
const MISTYPED_OF_TEN = 4;

/** The word that was probably meant, or null where none is near. Capital letters do not count. */
export function findNearest(word: string, known: readonly string[]): string | null {
  const near = known
    .map((name) => ({ name, distance: distanceOf(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance * 10 <= MISTYPED_OF_TEN * Math.max(word.length, name.length))
    .toSorted((a, b) => a.distance - b.distance);
  return near[0]?.name ?? null;
}

/** How many letters must be put in, left out or replaced (Levenshtein). */
function distanceOf(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_each, column) => column);
  for (let row = 0; row < a.length; row += 1) {
    const line = [row + 1];
    for (let column = 0; column < b.length; column += 1) {
      const replaced = (above[column] ?? 0) + Number(a[row] !== b[column]);
      line.push(Math.min(replaced, (above[column + 1] ?? 0) + 1, (line[column] ?? 0) + 1));
    }
    above = line;
  }
  return above.at(-1) ?? 0;
}
