import { useEffect, useRef } from "react";
import type { XkitEventType } from "../api/events.ts";
import { useXkit } from "./provider.tsx";

const TYPES: XkitEventType[] = ["connection:change", "connection:enable", "connection:remove"];

/** Calls back when a connection may have changed, here or elsewhere, while mounted. */
export function useOnChange(onChange: () => void): void {
  const xkit = useXkit();
  const latest = useRef(onChange);
  useEffect(() => {
    latest.current = onChange;
  });
  useEffect(() => {
    const listener = () => latest.current();
    for (const type of TYPES) xkit.on(type, listener);
    return () => {
      for (const type of TYPES) xkit.off(type, listener);
    };
  }, [xkit]);
}
