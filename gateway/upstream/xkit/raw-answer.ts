type RawHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** An answer over HTTP, before anything is made of it. */
export interface RawAnswer {
  status: number;
  headers: RawHeaders;
  text: string;
}

/** The values of a header, as they came. */
export const valuesOf = (headers: RawHeaders, name: string): string[] => [headers[name] ?? []].flat();
