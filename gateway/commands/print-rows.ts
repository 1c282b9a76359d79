export interface PrintOptions {
  /** Whether one JSON value is printed in place of lines. Default false. */
  json?: boolean;
}

/** Prints a line for each row, or all rows as one JSON list. */
export function printRows<Row extends object>(rows: readonly Row[], describe: (row: Row) => string, { json = false }: PrintOptions): void {
  if (json) console.log(JSON.stringify(rows, null, 2));
  else for (const row of rows) console.log(describe(row));
}
