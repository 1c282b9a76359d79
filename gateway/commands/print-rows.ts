export interface PrintOptions {
  /** Whether to print one JSON value instead of lines. Default false. */
  json?: boolean;
}

/** Prints a line for each row, or all rows as one JSON list. @param none What is printed instead of no lines. */
export function printRows<Row extends object>(
  rows: readonly Row[],
  describe: (row: Row) => string,
  { json = false }: PrintOptions,
  none: string,
): void {
  if (json) console.log(JSON.stringify(rows, null, 2));
  else console.log(rows.length === 0 ? none : rows.map(describe).join("\n"));
}
