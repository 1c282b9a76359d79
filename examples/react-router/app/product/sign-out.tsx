import { useXkit } from "@xkit-gateway/client/react";
import { Form, useSubmit } from "react-router";

/** Ends the session at the gateway too. */
export function SignOut({ name }: { name: string }) {
  const xkit = useXkit();
  const submit = useSubmit();
  return (
    <Form
      method="post"
      action="/sign-out"
      onSubmit={async (event) => {
        event.preventDefault();
        const form = event.currentTarget;
        // Also where the gateway cannot be reached: the page's `getToken` says who its next user is.
        await xkit.logout().catch(() => {});
        await submit(form);
      }}
    >
      <button>Sign out {name}</button>
    </Form>
  );
}
