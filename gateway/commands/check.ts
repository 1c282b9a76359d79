/** One line of `doctor`. An error keeps the gateway from its work, a warning does not. */
export interface Check {
  readonly about: string;
  readonly level: "ok" | "warning" | "error";
  readonly text: string;
}
