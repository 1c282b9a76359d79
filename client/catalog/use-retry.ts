import { usePlatform } from "../react/use-platform.ts";
import { useViewer } from "../react/use-viewer.ts";

/** Reads everything again that may have failed with the page's own data. */
export function useRetry(refetch: (options: { requestPolicy: "network-only" }) => void): () => void {
  const [, refetchPlatform] = usePlatform();
  const [, refetchViewer] = useViewer();
  return () => {
    for (const read of [refetch, refetchPlatform]) read({ requestPolicy: "network-only" });
    refetchViewer();
  };
}
