/** One line of `doctor`. With an error the gateway does not work; with a warning it does. */
export interface Check {
  readonly about: string;
  readonly level: "ok" | "warning" | "error";
  readonly text: string;
}
