import { NoAccessTokenError } from "@xkit-gateway/client/server";
import { gateway } from "@/lib/gateway";
import { requireUser } from "@/lib/session";
import { ConnectDemo } from "./connect-demo";

type Profile = { facts: [name: string, value: string][] } | { sentence: string };

/** The user's data at the demo provider. The token stays on the server. */
async function readProfile(userId: string): Promise<Profile> {
  try {
    const response = await gateway().user(userId).fetch("demo", "/me");
    if (!response.ok) return { sentence: `Demo answers ${response.status}.` };
    const body: Record<string, unknown> = await response.json();
    return { facts: Object.entries(body).map(([name, value]) => [name, String(value)]) };
  } catch (error) {
    // There is no token: the outcome says why.
    if (error instanceof NoAccessTokenError) return { sentence: error.message };
    throw error;
  }
}

export default async function Home() {
  const user = await requireUser();
  const profile = await readProfile(user.id);
  return (
    <>
      <h1>Hello {user.name}</h1>
      <section className="card">
        <h2>You, at Demo</h2>
        {"facts" in profile ? (
          <dl>
            {profile.facts.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        ) : (
          <p>{profile.sentence}</p>
        )}
        <ConnectDemo />
      </section>
    </>
  );
}
