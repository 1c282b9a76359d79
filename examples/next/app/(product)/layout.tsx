import Link from "next/link";
import type { ReactNode } from "react";
import { gatewayUrl } from "@/lib/gateway";
import { requireUser } from "@/lib/session";
import { Xkit } from "./xkit";
import { SignOut } from "./sign-out";

/** The pages of users who are signed in. */
export default async function ProductLayout({ children }: { children: ReactNode }) {
  const user = await requireUser();
  return (
    <Xkit gatewayUrl={gatewayUrl()}>
      <nav aria-label="Product" className="product">
        <strong>Planner</strong>
        <Link href="/">Home</Link>
        <Link href="/integrations">Integrations</Link>
        <SignOut name={user.name} />
      </nav>
      <main>{children}</main>
    </Xkit>
  );
}
