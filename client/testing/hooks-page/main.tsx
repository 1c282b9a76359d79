/** A page that shows what the hooks say, for their test. */
import { StrictMode, useState } from "react";
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
} from "../../react/index.ts";
import { ConnectError } from "../../errors.ts";
import { createXkit } from "../../xkit.ts";

const parameters = new URLSearchParams(location.search);
const xkit = createXkit(parameters.get("gateway") ?? "");

function Hooks() {
  const [{ data: viewer, fetching }] = useViewer();
  const [connectors] = useConnectors();
  const [connection] = useConnection("demo");
  const [accessToken] = useAccessToken({ slug: "demo" });
  const [connecting, connect, cancel] = useConnect();
  const [ended, setEnded] = useState("");
  const [, disconnect] = useDisconnect();
  const fetchMe = useXkitFetch({ slug: "demo" });
  const [me, setMe] = useState("");
  const said = {
    viewer: fetching ? "?" : (viewer?.id ?? null),
    connectors: connectors.data?.map(({ slug }) => slug),
    connection: connection.data === undefined ? (connection.error?.message ?? "?") : (connection.data?.authorization?.status ?? null),
    token: accessToken.token,
    outcome: accessToken.data?.__typename ?? accessToken.error?.message,
    connecting: connecting.error?.message ?? connecting.fetching,
    ended,
    me,
  };
  return (
    <>
      <output>{JSON.stringify(said)}</output>
      <button
        onClick={async () => {
          const { error } = await connect("demo", { popup: true });
          setEnded((before) => `${before} ${error instanceof ConnectError ? error.code : (error?.name ?? "connected")}`.trim());
        }}
      >
        Connect
      </button>
      <button onClick={cancel}>Cancel</button>
      <button onClick={() => disconnect("demo")}>Disconnect</button>
      <button onClick={async () => setMe(await (await fetchMe(parameters.get("api") ?? "")).text())}>Fetch</button>
      <button onClick={() => xkit.login(parameters.get("token") ?? "")}>Login</button>
      <button onClick={() => xkit.logout()}>Logout</button>
    </>
  );
}

const root = document.createElement("div");
document.body.append(root);
createRoot(root).render(
  <StrictMode>
    <XkitProvider xkit={xkit}>
      <Hooks />
    </XkitProvider>
  </StrictMode>,
);
