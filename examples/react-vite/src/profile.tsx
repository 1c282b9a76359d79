import { useEffect, useState } from "react";
import { NoAccessTokenError } from "../../../client/index.ts";
import { useConnect, useConnection, useXkitFetch } from "../../../client/react/index.ts";

type Shown = { facts: [string, string][] } | { sentence: string };

function parseFacts(body: unknown): Shown {
  return { facts: typeof body === "object" && body ? Object.entries(body).map(([name, value]) => [name, String(value)]) : [] };
}

/** What the page says when there is nothing to show. */
const sentenceOf = (reason: unknown) => (reason instanceof NoAccessTokenError ? reason.outcome.message : String(reason));

/** The user's data at the demo provider, through `useXkitFetch`; or the way to connect it. */
export function Profile() {
  const [{ data: connection }] = useConnection("demo");
  const [{ fetching, error }, connect] = useConnect();
  const fetchDemo = useXkitFetch("demo");
  const [shown, setShown] = useState<Shown>({ sentence: "Loading…" });
  const status = connection?.authorization?.status;

  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    fetchDemo("/me", { signal })
      .then(async (response) =>
        setShown(response.ok ? parseFacts(await response.json()) : { sentence: `Demo answers ${response.status}.` }),
      )
      .catch((reason: unknown) => signal.aborted || setShown({ sentence: sentenceOf(reason) }));
    return () => controller.abort();
  }, [fetchDemo, status]);

  return (
    <section aria-labelledby="profile" className="card">
      <h2 id="profile">You, at Demo</h2>
      {"facts" in shown ? (
        <dl>
          {shown.facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      ) : (
        <p role="status">{shown.sentence}</p>
      )}
      {status !== "ACTIVE" && (
        <button type="button" disabled={fetching} onClick={() => connect(connection ?? "demo")}>
          Connect Demo
        </button>
      )}
      {error && <p role="alert">{error.message}</p>}
    </section>
  );
}
