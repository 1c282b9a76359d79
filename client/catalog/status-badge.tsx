import type { Status } from "../connecting/status.ts";

const looks: Record<Status, { dot: string; text: string }> = {
  connected: { dot: "bg-good", text: "text-good-text" },
  attention: { dot: "bg-warn", text: "text-warn-text" },
  misconfigured: { dot: "bg-warn", text: "text-warn-text" },
  unavailable: { dot: "bg-warn", text: "text-warn-text" },
  pending: { dot: "bg-muted animate-pulse motion-reduce:animate-none", text: "text-muted" },
  none: { dot: "border-[1.5px] border-faint", text: "text-muted" },
};

/** The status in words, with a dot for the eye. */
export function StatusBadge({ status, children }: { status: Status; children: string }) {
  const { dot, text } = looks[status];
  return (
    <span className={`inline-flex min-w-0 items-center gap-2 text-[13px] font-medium ${text}`}>
      <span aria-hidden className={`size-2 shrink-0 rounded-full ${dot}`} />
      <span className="line-clamp-2">{children}</span>
    </span>
  );
}
