import type { Connection, Viewer } from "./types.ts";

/** What `on` tells of. */
export interface XkitEvents {
  /** Connecting or reconnecting here has succeeded. */
  "connection:enable": Connection;
  /** A connection was disconnected here; it is as it was before. */
  "connection:remove": Connection;
  /** The slug of what was disconnected here. Use connection:remove. */
  "connection:disable": string;
  /** A connection changed, here or elsewhere; null: any may have changed. Live while there is a listener. */
  "connection:change": Connection | null;
  /** Another user, or none, is signed in. */
  "config:update": { viewer: Viewer | null };
}

export type XkitEventType = keyof XkitEvents;
export type XkitListener<Type extends XkitEventType> = (event: XkitEvents[Type]) => void;

/** Calls every listener. What one throws is reported as uncaught, as an EventTarget does, and keeps neither the others nor the caller. */
export function tellAll<Event>(listeners: Iterable<(event: Event) => void>, event: Event): void {
  for (const listener of listeners) {
    try {
      listener(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

type ListenerSets = { [Type in XkitEventType]: Set<XkitListener<Type>> };

/** Listeners by event type. A listener that throws does not keep the others from hearing. */
export interface Emitter {
  on: <Type extends XkitEventType>(type: Type, listener: XkitListener<Type>) => void;
  off: <Type extends XkitEventType>(type: Type, listener: XkitListener<Type>) => void;
  emit: <Type extends XkitEventType>(type: Type, event: XkitEvents[Type]) => void;
  isHeard: (type: XkitEventType) => boolean;
}

export function createEmitter(): Emitter {
  const sets: ListenerSets = {
    "connection:enable": new Set(),
    "connection:remove": new Set(),
    "connection:disable": new Set(),
    "connection:change": new Set(),
    "config:update": new Set(),
  };
  return {
    on(type, listener) {
      if (!sets[type]) throw new TypeError(`There is no event ${type}.`);
      sets[type].add(listener);
    },
    off: (type, listener) => void sets[type]?.delete(listener),
    emit(type, event) {
      tellAll(sets[type], event);
    },
    isHeard: (type) => sets[type].size > 0,
  };
}
