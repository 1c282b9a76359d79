import type OidcProvider from "oidc-provider";

export type { OidcProvider };

const runtimeNotice = "Unsupported runtime";

/**
 * Imports oidc-provider without its notice about the Node version.
 *
 * It supports the Node releases in active LTS only and says so on import, on Node 20 as well, where we have measured it to work. There is
 * no setting for it, so this one line is kept back while the module loads, and no other. Once per process.
 */
export function loadOidcProvider(): Promise<typeof OidcProvider> {
  return (loading ??= load());
}

let loading: Promise<typeof OidcProvider> | null = null;

async function load(): Promise<typeof OidcProvider> {
  const warn = console.warn;
  console.warn = (...words: unknown[]) => {
    if (!String(words[0]).includes(runtimeNotice)) warn(...words);
  };
  try {
    return (await import("oidc-provider")).default;
  } finally {
    console.warn = warn;
  }
}
