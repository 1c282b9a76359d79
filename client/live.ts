import type { Api } from "./api.ts";
import { ConnectionChangedDocument, type ConnectionChangedSubscription } from "./generated/graphql.ts";
import type { Session } from "./session.ts";
import type { Connection } from "./types.ts";

/** Wait before listening again after a break; doubles up to the longest. Each break also counts as a change: polling. */
const SHORTEST_BREAK_MS = 2_000;
const LONGEST_BREAK_MS = 30_000;
/** A change is assumed this often even while listening: some proxies keep server-sent events to themselves. */
const ASSUMED_CHANGE_MS = 60_000;

export interface LiveFeed {
  start(): void;
  stop(): void;
}

const isHidden = () => typeof document !== "undefined" && document.visibilityState === "hidden";

/**
 * Tells of every change of the viewer's connections: by server-sent events, and by assuming a change (null) where those fail.
 * Silent while nobody is signed in and while the tab is hidden; coming back counts as a change.
 */
export function createLiveFeed(api: Api, session: Session, onChange: (connection: Connection | null) => void): LiveFeed {
  let running = false;
  let breakMs = SHORTEST_BREAK_MS;
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
    const { signal } = stream;
    const startedAt = Date.now();
    const onBreak = () => {
      if (signal.aborted) return;
      // Nothing is wrong with a stream that lived: a session token's end ends it.
      if (Date.now() - startedAt > LONGEST_BREAK_MS) breakMs = 0;
      listenAfterBreak();
    };
    api.listen(ConnectionChangedDocument, {}, onData, signal).then(onBreak, onBreak);
  }

  function onData({ connectionChanged }: ConnectionChangedSubscription): void {
    breakMs = SHORTEST_BREAK_MS;
    onChange(connectionChanged);
  }

  function assumeChanges(): void {
    timer = setTimeout(() => {
      onChange(null);
      assumeChanges();
    }, ASSUMED_CHANGE_MS);
  }

  function listenAfterBreak(): void {
    pause();
    if (!running || session.viewer === null) return;
    timer = setTimeout(() => {
      onChange(null);
      listen();
    }, breakMs);
    breakMs = Math.min(Math.max(breakMs * 2, SHORTEST_BREAK_MS), LONGEST_BREAK_MS);
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
