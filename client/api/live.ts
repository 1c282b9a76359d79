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

const isHidden = () => typeof document !== "undefined" && document.visibilityState === "hidden";

/**
 * Tells of every change of the viewer's connections: by server-sent events, and by assuming a change (null) after each break and where those fail.
 * Silent while nobody is signed in and while the tab is hidden; coming back counts as a change.
 */
export function createLiveFeed(api: Api, session: Session, onChange: (connection: Connection | null) => void): LiveFeed {
  let running = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stream = new AbortController();
  let unwatchSession: (() => void) | undefined;

  function pause(): void {
    clearTimeout(timer);
    stream.abort();
  }

  function listen(): void {
    pause();
    if (!running || isHidden() || session.viewer === null) return;
    assumeChanges();
    stream = new AbortController();
    const onData = ({ connectionChanged }: ConnectionChangedSubscription) => onChange(connectionChanged);
    const follower = { onData, onBack: () => onChange(null), isEndless: true };
    // Once it is refused, changes are assumed until another user is signed in.
    api.follow(ConnectionChangedDocument, {}, follower, stream.signal).catch(() => {});
  }

  function assumeChanges(): void {
    timer = setTimeout(() => {
      onChange(null);
      assumeChanges();
    }, ASSUMED_CHANGE_MS);
  }

  function onVisibility(): void {
    if (isHidden()) return pause();
    onChange(null);
    listen();
  }

  return {
    start() {
      if (running) return;
      running = true;
      unwatchSession = session.onChange(listen);
      if (typeof document !== "undefined") document.addEventListener("visibilitychange", onVisibility);
      globalThis.addEventListener?.("online", onVisibility);
      listen();
    },
    stop() {
      running = false;
      unwatchSession?.();
      if (typeof document !== "undefined") document.removeEventListener("visibilitychange", onVisibility);
      globalThis.removeEventListener?.("online", onVisibility);
      pause();
    },
  };
}
