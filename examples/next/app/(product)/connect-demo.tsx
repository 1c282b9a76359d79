"use client";

import { useConnect, useConnection } from "@xkit-gateway/client/react";

/** Leads to the provider and back, until the connection works. */
export function ConnectDemo() {
  const [{ data: connection, fetching: isReading }] = useConnection("demo");
  const [{ fetching, error }, connect] = useConnect();
  if (isReading || connection?.authorization?.status === "ACTIVE") return null;
  return (
    <>
      <button type="button" disabled={fetching} onClick={() => connect(connection ?? "demo")}>
        Connect Demo
      </button>
      {error && <p role="alert">{error.message}</p>}
    </>
  );
}
