import { useEffect } from "react";
import { CheckIcon, CloseIcon } from "./icons.tsx";
import { useSentences } from "./language.tsx";

/** Long enough to be read twice. What it says is on the page too. */
const SHOWN_MS = 10_000;

export interface Announcement {
  sentence: string;
}

/** Says that something has succeeded: to the eye for a while, and to screen readers. */
export function Toast({ announcement, onClose }: { announcement: Announcement | null; onClose: () => void }) {
  const { dismiss } = useSentences();
  useEffect(() => {
    if (!announcement) return undefined;
    const timer = setTimeout(onClose, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [announcement, onClose]);
  return (
    <div className="pointer-events-none fixed inset-x-4 bottom-4 z-20 flex justify-center print:hidden">
      {/* There before what it says: screen readers do not hear of a region that comes with its text. */}
      <p role="status" className="max-w-full">
        {announcement && (
          <span className="xk-toast pointer-events-auto flex items-center gap-2.5 rounded-xl border border-line-strong bg-surface py-1 ps-4 pe-1 text-sm font-medium text-text shadow-lift">
            <CheckIcon className="size-4 shrink-0 text-good-text" />
            <span className="min-w-0 wrap-anywhere">{announcement.sentence}</span>
            <button
              type="button"
              aria-label={dismiss}
              onClick={onClose}
              className="grid size-10 shrink-0 cursor-pointer place-items-center rounded-lg focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-accent"
            >
              <CloseIcon />
            </button>
          </span>
        )}
      </p>
    </div>
  );
}
