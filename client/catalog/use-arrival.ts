import { useEffect, useRef } from "react";
import { takeDeparture } from "../connecting/departure.ts";
import { useXkit } from "../react/provider.tsx";

/** Says once that a connection has succeeded for which this tab left the page before. */
export function useArrival(onConnected: (name: string) => void): void {
  const xkit = useXkit();
  const latest = useRef(onConnected);
  useEffect(() => {
    latest.current = onConnected;
  });
  useEffect(() => {
    const departure = takeDeparture();
    if (!departure) return;
    const isIt = ({ authorization }: { authorization: { id: string; status: string } | null }) =>
      authorization?.id === departure.authorizationId && authorization.status === "ACTIVE";
    void xkit.listConnections(departure.slug).then(
      (connections) => connections.some(isIt) && latest.current(departure.name),
      // What went wrong is on the page.
      () => {},
    );
  }, [xkit]);
}
