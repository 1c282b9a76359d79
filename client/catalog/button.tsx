import type { ButtonHTMLAttributes } from "react";
import { Spinner } from "./icons.tsx";

type Look = "primary" | "plain" | "danger" | "quiet";

const looks: Record<Look, string> = {
  primary: "bg-fill text-on-fill shadow-sm hover:brightness-110",
  plain: "border border-line-strong bg-surface text-text shadow-xs hover:bg-hover",
  danger: "bg-bad text-white shadow-sm hover:brightness-110",
  quiet: "text-muted hover:bg-hover hover:text-text",
};

/** How every button and button-like link looks. */
export const buttonClass = (look: Look) =>
  `inline-flex min-h-10 cursor-pointer items-center justify-center gap-2 rounded-lg px-4 text-sm font-medium py-1.5 no-underline transition select-none focus-visible:outline-2 focus-visible:outline-offset-2 focus-visible:outline-accent aria-disabled:cursor-default aria-disabled:opacity-60 ${looks[look]}`;

/** A button; while `busy` it turns and ignores clicks, and keeps its focus. */
export function Button({
  look = "plain",
  busy = false,
  onClick,
  children,
  ...rest
}: Omit<ButtonHTMLAttributes<HTMLButtonElement>, "className"> & { look?: Look; busy?: boolean }) {
  return (
    <button
      type="button"
      {...rest}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      className={buttonClass(look)}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}
