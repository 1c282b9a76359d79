import { tellAll } from "../api/events.ts";
import type { Viewer } from "../api/types.ts";
import type { SessionPartsFragment } from "../generated/graphql.ts";

/** A session token with less life than this is renewed before it is sent. */
const RENEWAL_MARGIN_MS = 15_000;
/** Least time between two renewals that only the clock asks for: a wrong clock must not cost a renewal per request. */
const RENEWAL_PAUSE_MS = 30_000;

/** What is known of the session, in memory alone. */
export interface SessionState {
  /** Null when no user is signed in, undefined before the first answer. */
  current: SessionPartsFragment | null | undefined;
  /** Grows when another user takes the place of a known one, or of none. */
  generation: number;
  /** Unix ms. */
  renewedAt: number;
  readonly listeners: Set<(viewer: Viewer | null) => void>;
}

/** Puts a session in the place of the one before, and tells the listeners of another user. */
export function adopt(state: SessionState, next: SessionPartsFragment | null): void {
  const { current: before } = state;
  state.current = next;
  state.renewedAt = Date.now();
  if (before?.viewer.id === next?.viewer.id && before !== undefined) return;
  if (before !== undefined) state.generation++;
  tellAll(state.listeners, next?.viewer ?? null);
}

/** Whether the clock asks for a renewal. With a callback no user stays signed out: it is asked again. */
export function isDue({ current, renewedAt }: SessionState, hasCallback: boolean): boolean {
  const now = Date.now();
  const isSpent = current ? Date.parse(current.expiresAt) - now < RENEWAL_MARGIN_MS : hasCallback;
  return isSpent && now - renewedAt > RENEWAL_PAUSE_MS;
}
