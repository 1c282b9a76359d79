/** What a line of a dump states, in the form of `importedConnectionSchema`, or why it states no connection, in one sentence. */
export type Read = { ok: true; data: unknown } | { ok: false; problem: string; isSkipped?: boolean };

/** Reads one line of a dump. Never throws for what the line holds. */
export type ReadLine = (text: string) => Read | Promise<Read>;

export const unreadable = (problem: string): Read => ({ ok: false, problem });

/** An instant as Postgres or a program writes it, as RFC 3339. Without an offset it is UTC. Undefined where there is none. */
export function instantOf(written: string | null | undefined): string | undefined {
  if (!written) return undefined;
  const at = Date.parse(/(Z|[+-]\d\d(:?\d\d)?)$/.test(written) ? written.replace(/([+-]\d\d)$/, "$1:00") : `${written}Z`);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}
