/** Where the provider sends a browser back to: what an operator registers there. */
export const redirectUriOf = (publicUrl: string, slug: string): string => `${publicUrl}/callback/${slug}`;

/** The page of a connector in this gateway's own catalog, also where an upstream holds its tokens: the user is signed in here. */
export const connectorUrlOf = (publicUrl: string, slug: string): string => `${publicUrl}/connectors/${encodeURIComponent(slug)}`;
