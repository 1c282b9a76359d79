import type { ReactNode } from "react";
import { useSentences } from "./language.tsx";
import { OfflineIcon, WarningIcon } from "./icons.tsx";

type Tone = "warn" | "bad" | "plain";

const tones: Record<Tone, string> = {
  warn: "border-warn-line bg-warn-ground text-warn-text",
  bad: "border-bad-line bg-bad-ground text-bad-text",
  plain: "border-line bg-surface text-muted",
};

/** A box that says something that matters, and may hold what to do about it. */
export function Callout({ tone, icon, children, action }: { tone: Tone; icon?: ReactNode; children: ReactNode; action?: ReactNode }) {
  return (
    <div className={`flex flex-col gap-3 rounded-xl border p-4 text-sm leading-relaxed @xl:flex-row @xl:items-center ${tones[tone]}`}>
      <div className="flex min-w-0 flex-1 gap-3">
        <span className="mt-0.5">{icon ?? <WarningIcon />}</span>
        <div className="min-w-0 flex-1 wrap-anywhere">{children}</div>
      </div>
      {action}
    </div>
  );
}

/** Shown for as long as the browser says it has no network. */
export function OfflineCallout() {
  const { offline } = useSentences();
  return (
    <div role="status">
      <Callout tone="plain" icon={<OfflineIcon />}>
        <p className="font-semibold text-text">{offline.title}</p>
        <p>{offline.advice}</p>
      </Callout>
    </div>
  );
}
