import { createContext, type ReactNode, useContext, useMemo } from "react";
import { Client, Provider } from "urql";
import { apiExchange } from "../api/api-exchange.ts";
import { createApi } from "../api/api.ts";
import { documentCache } from "../api/document-cache.ts";
import { parseLocale } from "../languages/locale.ts";
import type { Session } from "../session/session.ts";
import type { TokenCallback } from "../api/types.ts";
import { createXkit, type Xkit } from "../xkit.ts";
import { useGeneration } from "./use-generation.ts";

const XkitContext = createContext<Xkit | null>(null);

export type XkitProviderProps = {
  children?: ReactNode;
  /** As `XkitOptions.locale`, which it replaces. It may change: what the gateway says is then asked again. */
  locale?: string;
} & (
  | { /** Made once, outside of any component. */ xkit: Xkit }
  | { /** Where the gateway is. */ url: string; /** Gives a user token for the user of the page. Read once. */ getToken?: TokenCallback }
);

const createCachingClient = (session: Session) =>
  new Client({ url: `${session.url}/graphql`, exchanges: [documentCache, apiExchange(createApi(session))], preferGetMethod: false });

/** What every hook and the Catalog need around them. Asks nothing by itself. */
export function XkitProvider(props: XkitProviderProps) {
  const given = "xkit" in props ? props.xkit : null;
  const url = "url" in props ? props.url : "";
  const getToken = "getToken" in props ? props.getToken : undefined;
  // `getToken` may be another function at each render: the session keeps the first.
  const xkit = useMemo(() => given ?? createXkit(url, getToken ? { getToken } : {}), [given, url]);
  const { session } = xkit;
  session.locale = parseLocale(props.locale) ?? session.locale;
  const { locale } = session;
  const generation = useGeneration(session);
  // A client for each user and language: what was cached for the former one goes with it.
  const client = useMemo(() => createCachingClient(session), [session, generation, locale]);
  return (
    <XkitContext.Provider value={xkit}>
      <Provider value={client}>{props.children}</Provider>
    </XkitContext.Provider>
  );
}

/** The `xkit` object of the provider above. Throws when there is none. */
export function useXkit(): Xkit {
  const xkit = useContext(XkitContext);
  if (!xkit) throw new Error("This component needs an <XkitProvider> around it.");
  return xkit;
}
