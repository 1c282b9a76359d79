"use client";

import { useXkit } from "@xkit-gateway/client/react";
import { signOut } from "./actions";

/** Ends the session at the gateway too: the next user of this browser has one of their own. */
export function SignOut({ name }: { name: string }) {
  const xkit = useXkit();
  return (
    <form
      action={async () => {
        await xkit.logout();
        await signOut();
      }}
    >
      <button>Sign out {name}</button>
    </form>
  );
}
