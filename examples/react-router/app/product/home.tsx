import { useEffect } from "react";
import { ConnectButton, useConnection } from "@xkit-gateway/client/react";
import { NoAccessTokenError } from "@xkit-gateway/client/server";
import "@xkit-gateway/client/catalog.css";
import { useRevalidator } from "react-router";
import type { Route } from "./+types/home";
import { gateway } from "~/gateway.server";
import { userContext } from "~/session.server";

type Profile = { facts: [name: string, value: string][] } | { sentence: string };

/** What users read where there is no token. The outcome's own message is for developers. */
function sentenceOf({ outcome }: NoAccessTokenError): string {
  switch (outcome.__typename) {
    case "NotConnected":
      return "Connect Demo to see your profile here.";
    case "ReconnectRequired":
      return "Demo needs you to connect again.";
    case "TemporarilyUnavailable":
      return "Demo does not answer right now. Try again in a minute.";
    default:
      return "Your profile at Demo cannot be shown.";
  }
}

/** The user's data at the demo provider. The token stays on the server. */
async function readProfile(userId: string): Promise<Profile> {
  try {
    const response = await gateway.user(userId).fetch("demo", "/me");
    if (!response.ok) return { sentence: `Demo answers ${response.status}.` };
    const body: Record<string, unknown> = await response.json();
    return { facts: Object.entries(body).map(([name, value]) => [name, String(value)]) };
  } catch (error) {
    if (error instanceof NoAccessTokenError) return { sentence: sentenceOf(error) };
    throw error;
  }
}

export async function loader({ context }: Route.LoaderArgs) {
  const user = context.get(userContext);
  return { name: user.name, profile: await readProfile(user.id) };
}

export default function Home({ loaderData: { name, profile } }: Route.ComponentProps) {
  return (
    <>
      <h1>Hello {name}</h1>
      <section className="card">
        <h2>You, at Demo</h2>
        {"facts" in profile ? (
          <dl>
            {profile.facts.map(([fact, value]) => (
              <div key={fact}>
                <dt>{fact}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        ) : (
          <>
            <p>{profile.sentence}</p>
            <ConnectDemo />
          </>
        )}
      </section>
    </>
  );
}

/** Has the loader read again once the connection works. */
function ConnectDemo() {
  const [{ data: connection }] = useConnection("demo");
  const { revalidate } = useRevalidator();
  const isActive = connection?.authorization?.status === "ACTIVE";
  useEffect(() => {
    if (isActive) void revalidate();
  }, [isActive, revalidate]);
  return <ConnectButton slug="demo" theme={{ color: "#7c3aed" }} />;
}
