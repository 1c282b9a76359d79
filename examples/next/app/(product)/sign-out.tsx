"use client";

import { useXkit } from "@xkit-gateway/client/react";
import { signOut } from "./actions";

/** Ends the session at the gateway too. */
export function SignOut({ name }: { name: string }) {
  const xkit = useXkit();
  return (
    <form
      action={async () => {
        // Also where the gateway cannot be reached: the page's `getToken` says who its next user is.
        await xkit.logout().catch(() => {});
        await signOut();
      }}
    >
      <button>Sign out {name}</button>
    </form>
  );
}
