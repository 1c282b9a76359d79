/** The page of a connector in this gateway's own catalog, whatever holds its tokens: the user is signed in here. */
export const connectorUrlOf = (publicUrl: string, slug: string): string => `${publicUrl}/connectors/${encodeURIComponent(slug)}`;
