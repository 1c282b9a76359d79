/** A page that shows what the hooks say, for their test. */
import { Fragment, StrictMode, useLayoutEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import {
  useAccessToken,
  useConnect,
  useConnection,
  useConnectors,
  useDisconnect,
  useViewer,
  useXkitFetch,
  XkitProvider,
} from "../../../../client/react/index.ts";
import { ConnectError } from "../../../../client/api/errors.ts";
import { isAccessToken } from "../../../../client/api/types.ts";
import { createXkit } from "../../../../client/xkit.ts";

const parameters = new URLSearchParams(location.search);
const xkit = createXkit(parameters.get("gateway") ?? "");

interface Said {
  viewer: string | null;
  /** The connector that the hooks are asked about, and the one whose connection they show. */
  asked: string;
  shown: string | null;
  connected: string[] | undefined;
  token: string | null;
}

/** Everything that was said so far, in order. */
declare global {
  interface Window {
    seen: Said[];
  }
}
window.seen = [];

function Hooks() {
  const [slug, setSlug] = useState(parameters.get("slug") ?? "demo");
  const [{ data: viewer, fetching }] = useViewer();
  const [connectors] = useConnectors();
  const [connection] = useConnection(slug);
  const scopes = parameters.get("scopes");
  const [accessToken] = useAccessToken({ slug }, scopes === null ? {} : { scopes: [scopes] });
  const [connecting, connect, cancel] = useConnect();
  const [ended, setEnded] = useState("");
  const [, disconnect] = useDisconnect();
  const fetchMe = useXkitFetch({ slug: "demo" });
  const [me, setMe] = useState("");
  const said = {
    viewer: fetching ? "?" : (viewer?.id ?? null),
    connectors: connectors.data?.map(({ slug }) => slug),
    connection: connection.data === undefined ? (connection.error?.message ?? "?") : (connection.data?.authorization?.status ?? null),
    asked: slug,
    shown: connection.data?.connector.slug ?? null,
    connected: connectors.data?.filter(({ connections }) => connections.length > 0).map(({ slug }) => slug),
    token: accessToken.token,
    expiresAt: accessToken.data && isAccessToken(accessToken.data) ? accessToken.data.expiresAt : null,
    problem: accessToken.error?.message ?? null,
    outcome: accessToken.data?.__typename ?? accessToken.error?.message,
    scopes: connection.data?.authorization?.scopes,
    connecting: connecting.error?.message ?? connecting.fetching,
    ended,
    me,
  };
  useLayoutEffect(() => void window.seen.push(said));
  return (
    <>
      <output>{JSON.stringify(said)}</output>
      <button
        onClick={async () => {
          const { error } = await connect(slug, { popup: true });
          setEnded((before) => `${before} ${error instanceof ConnectError ? error.code : (error?.name ?? "connected")}`.trim());
        }}
      >
        Connect
      </button>
      <button
        onClick={() => {
          const { data } = accessToken;
          if (data?.__typename === "ScopesMissing") void connect(slug, { popup: true, scopes: data.missingScopes, loginHint: "ada" });
        }}
      >
        Allow
      </button>
      <button onClick={cancel}>Cancel</button>
      <button onClick={() => disconnect(slug)}>Disconnect</button>
      <button onClick={async () => setMe(await (await fetchMe(parameters.get("api") ?? "")).text())}>Fetch</button>
      <button onClick={() => setSlug(slug === "demo" ? "other" : "demo")}>Change</button>
      <button onClick={() => xkit.login(parameters.get("token") ?? "")}>Login</button>
      <button onClick={() => xkit.login(parameters.get("second") ?? "")}>Login as another</button>
      <button onClick={() => xkit.logout()}>Logout</button>
    </>
  );
}

function Page() {
  const [mounted, setMounted] = useState(true);
  return (
    <XkitProvider xkit={xkit}>
      {mounted && <Hooks />}
      <button onClick={() => setMounted(!mounted)}>Mount</button>
    </XkitProvider>
  );
}

const Mode = parameters.has("loose") ? Fragment : StrictMode;
const root = document.createElement("div");
document.body.append(root);
createRoot(root).render(
  <Mode>
    <Page />
  </Mode>,
);
