import { Catalog, useViewer } from "../../../client/react/index.ts";
import { Profile } from "./profile.tsx";

/** A small product: a page that needs the user's data from elsewhere, and a page to connect with it. */
export function App() {
  const [{ data: viewer, fetching, error }] = useViewer();
  if (fetching) return <p>Who are you?</p>;
  if (error) return <p role="alert">{error.message}</p>;
  if (!viewer) return <p>Sign in first: open this page with ?token=, from npx xkit-gateway users token ada.</p>;
  return location.pathname.startsWith("/integrations") ? (
    <main>
      <a href="/">Back to the product</a>
      <Catalog title="Connect your tools" basePath="/integrations" hideSearch />
    </main>
  ) : (
    <main>
      <h1>Hello {viewer.name ?? viewer.id}</h1>
      <Profile />
      <a href="/integrations">Integrations</a>
    </main>
  );
}
