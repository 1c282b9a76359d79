import { useEffect, useState } from "react";
import { NoAccessTokenError } from "../../../client/index.ts";
import { useConnect, useConnection, useXkitFetch } from "../../../client/react/index.ts";

const API_URL = new URLSearchParams(location.search).get("api") ?? "http://localhost:4001/me";

/** The user's data at the demo provider, through `useXkitFetch`; or the way to connect it. */
export function Profile() {
  const [{ data: connection }] = useConnection("demo");
  const [{ fetching, error }, connect] = useConnect();
  const xkitFetch = useXkitFetch("demo");
  const [shown, setShown] = useState("Loading…");
  const status = connection?.authorization?.status;

  useEffect(() => {
    const controller = new AbortController();
    xkitFetch(API_URL, { signal: controller.signal })
      .then((response) => response.text())
      .then(setShown)
      .catch((reason: unknown) => {
        if (!controller.signal.aborted) setShown(reason instanceof NoAccessTokenError ? reason.outcome.message : String(reason));
      });
    return () => controller.abort();
  }, [xkitFetch, status]);

  return (
    <section>
      <pre>{shown}</pre>
      {status !== "ACTIVE" && (
        <button type="button" disabled={fetching} onClick={() => connect(connection ?? "demo")}>
          Connect Demo
        </button>
      )}
      {error && <p role="alert">{error.message}</p>}
    </section>
  );
}
