import type { Api } from "./api.ts";
import { ConnectionChangedDocument, type ConnectionChangedSubscription } from "../generated/graphql.ts";
import type { Session } from "../session/session.ts";
import type { Connection } from "./types.ts";

/** A change is assumed this often even while listening: some proxies keep server-sent events to themselves. */
const ASSUMED_CHANGE_MS = 60_000;

export interface LiveFeed {
  start(): void;
  stop(): void;
}

const isHidden = () => globalThis.document?.visibilityState === "hidden";

/**
 * Tells of every change of the viewer's connections: by server-sent events, and by assuming a change (null) after each break and where those fail.
 * Silent while no user is signed in and while the tab is hidden; coming back counts as a change.
 */
export function createLiveFeed(api: Api, session: Session, onChange: (connection: Connection | null) => void): LiveFeed {
  let running: AbortController | null = null;
  let timer: ReturnType<typeof setInterval> | undefined;
  let stream = new AbortController();

  function pause(): void {
    clearInterval(timer);
    stream.abort();
  }

  function listen(): void {
    pause();
    if (!running || isHidden() || session.viewer === null) return;
    timer = setInterval(() => onChange(null), ASSUMED_CHANGE_MS);
    stream = new AbortController();
    const onData = ({ connectionChanged }: ConnectionChangedSubscription) => onChange(connectionChanged);
    const follower = { onData, onBack: () => onChange(null), isEndless: true };
    // Once it is refused, changes are assumed until another user is signed in.
    api.follow(ConnectionChangedDocument, {}, follower, stream.signal).catch(() => {});
  }

  function onVisibility(): void {
    if (isHidden()) return pause();
    onChange(null);
    listen();
  }

  return {
    start() {
      if (running) return;
      running = new AbortController();
      const { signal } = running;
      signal.addEventListener("abort", session.onChange(listen));
      globalThis.document?.addEventListener("visibilitychange", onVisibility, { signal });
      globalThis.addEventListener?.("online", onVisibility, { signal });
      listen();
    },
    stop() {
      running?.abort();
      running = null;
      pause();
    },
  };
}
