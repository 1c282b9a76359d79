import { XkitProvider } from "@xkit-gateway/client/react";
import { Link, Outlet, type ShouldRevalidateFunctionArgs } from "react-router";
import type { Route } from "./+types/layout";
import { gatewayUrl } from "~/gateway.server";
import { requireUser, userContext } from "~/session.server";
import { SignOut } from "./sign-out";

export const middleware: Route.MiddlewareFunction[] = [requireUser];

export const loader = ({ context }: Route.LoaderArgs) => ({ user: context.get(userContext), gatewayUrl });

/** A search in the catalog changes the query alone, and asks this server nothing. */
export const shouldRevalidate = ({ currentUrl, nextUrl, defaultShouldRevalidate }: ShouldRevalidateFunctionArgs) =>
  defaultShouldRevalidate && currentUrl.pathname !== nextUrl.pathname;

async function getToken(): Promise<string> {
  const response = await fetch("/user-token");
  if (!response.ok) throw new Error(await response.text());
  return response.text();
}

/** The pages of users who are signed in. */
export default function ProductLayout({ loaderData: { user, gatewayUrl } }: Route.ComponentProps) {
  return (
    <XkitProvider url={gatewayUrl} getToken={getToken}>
      <nav aria-label="Product" className="product">
        <strong>Planner</strong>
        <Link to="/">Home</Link>
        <Link to="/integrations">Integrations</Link>
        <SignOut name={user.name} />
      </nav>
      <main>
        <Outlet />
      </main>
    </XkitProvider>
  );
}
