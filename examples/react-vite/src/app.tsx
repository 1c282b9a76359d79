import { Catalog, useViewer } from "../../../client/react/index.ts";
import { Calendar } from "./calendar.tsx";
import { Profile } from "./profile.tsx";

const INTEGRATIONS_PATH = "/integrations";

/** A small product: a page that needs the user's data from elsewhere, and a page to connect with it. */
export function App() {
  const [{ data: viewer, fetching, error }] = useViewer();
  if (fetching) return <p role="status">Signing in…</p>;
  if (error) return <p role="alert">{error.message}</p>;
  return (
    <>
      <nav aria-label="Product" className="product">
        <strong>Planner</strong>
        <a href="/">Home</a>
        <a href={INTEGRATIONS_PATH}>Integrations</a>
      </nav>
      <main>
        {location.pathname.startsWith(INTEGRATIONS_PATH) ? (
          <Catalog title="Connect your tools" basePath={INTEGRATIONS_PATH} hideSearch theme={{ color: "#7c3aed" }} />
        ) : (
          <>
            <h1>Hello {viewer?.name ?? viewer?.id}</h1>
            <Profile />
            <Calendar />
          </>
        )}
      </main>
    </>
  );
}
