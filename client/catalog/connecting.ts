import type { ReactNode } from "react";
import type { ConnectTarget } from "../react/use-connect.ts";

/** What connecting from a page of the catalog is at, and what can be done. */
export interface Connecting {
  /** What is being connected; null while nothing is. */
  target: { connectionId: string | null; adds: boolean } | null;
  error: Error | undefined;
  connect: (target: ConnectTarget) => void;
  add: (slug: string) => void;
  /** Stops waiting for the popup; null where there is none to wait for. */
  cancel: (() => void) | null;
  /** What the user opens by a link, where the browser has blocked the popup. */
  blockedUrl: string | null;
  /** The form in between, or the code to enter at the provider, where there is one; render it anywhere. */
  dialog: ReactNode;
}
