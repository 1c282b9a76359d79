import { useAccessToken, useConnect } from "../../../client/react/index.ts";

/** Asks for more than connecting did, where it is needed: what was allowed before stays. */
export function Calendar() {
  const [{ data: outcome }] = useAccessToken("demo", { scopes: ["calendar:read"] });
  const [{ fetching, error }, connect] = useConnect();
  if (outcome?.__typename === "AccessToken") return <p>Your meetings at Demo are shown here.</p>;
  if (outcome?.__typename !== "ScopesMissing") return null;
  return (
    <>
      <button type="button" disabled={fetching} onClick={() => connect("demo", { scopes: outcome.missingScopes })}>
        Show my meetings
      </button>
      {error && <p role="alert">{error.message}</p>}
    </>
  );
}
