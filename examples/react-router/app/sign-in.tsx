import { Form, redirect } from "react-router";
import type { Route } from "./+types/sign-in";
import { gateway } from "./gateway.server";
import { startSession, users } from "./session.server";

export const loader = () => ({ users });

/** Signs in to this app, and makes the user known to the gateway. */
export async function action({ request }: Route.ActionArgs): Promise<Response> {
  const form = await request.formData();
  const user = users.find(({ id }) => id === form.get("user"));
  if (!user) return redirect("/sign-in");
  await gateway.provisionUser(user);
  return redirect("/", { headers: { "set-cookie": await startSession(user) } });
}

export default function SignIn({ loaderData }: Route.ComponentProps) {
  return (
    <main>
      <h1>Sign in to Planner</h1>
      <Form method="post" className="card">
        {loaderData.users.map(({ id, name }) => (
          <button key={id} name="user" value={id} className="button">
            Sign in as {name}
          </button>
        ))}
      </Form>
    </main>
  );
}
