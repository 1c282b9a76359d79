/** Prints lines, and resolves once they are taken: what is printed faster than it is read does not gather in memory. */
export function print(lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    process.stdout.write(`${lines.join("\n")}\n`, (error) => (error ? reject(error) : resolve()));
  });
}
