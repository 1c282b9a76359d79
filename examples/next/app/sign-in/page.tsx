import { redirect } from "next/navigation";
import { gateway } from "@/lib/gateway";
import { startSession } from "@/lib/session";
import { users } from "@/lib/session-cookie";

/** Signs in to this app, and makes the user known to the gateway. */
async function signIn(form: FormData): Promise<void> {
  "use server";
  const user = users.find(({ id }) => id === form.get("user"));
  if (!user) redirect("/sign-in");
  await gateway().provisionUser(user);
  await startSession(user);
  redirect("/");
}

export default function SignIn() {
  return (
    <main>
      <h1>Sign in to Planner</h1>
      <form action={signIn} className="card">
        {users.map(({ id, name }) => (
          <button key={id} name="user" value={id}>
            Sign in as {name}
          </button>
        ))}
      </form>
    </main>
  );
}
