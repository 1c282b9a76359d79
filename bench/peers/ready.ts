interface Ready {
  /** Which headers a request must carry beside those of the load. */
  headers?: Readonly<Record<string, string>>;
  /** The body to post in place of the query. */
  body?: object;
}

/** Tells the process that started this peer that it listens, and what it is to be asked. */
export const ready = ({ headers = {}, body }: Ready = {}): void =>
  void process.send?.({ headers, body: body ? JSON.stringify(body) : null });

/** Where to listen. */
export const port = Number(process.env["PORT"]);
export const host = "127.0.0.1";

// Some peers stay on SIGTERM.
process.on("SIGTERM", () => process.exit());
process.on("disconnect", () => process.exit());
