import type { ReactNode } from "react";

const icon = (path: ReactNode) =>
  function Icon({ className = "size-4" }: { className?: string }) {
    return (
      <svg
        viewBox="0 0 16 16"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden
        className={className}
      >
        {path}
      </svg>
    );
  };

export const SearchIcon = icon(<path d="m13.5 13.5-3-3M12 7A5 5 0 1 1 2 7a5 5 0 0 1 10 0Z" />);
export const CheckIcon = icon(<path d="m3.5 8.5 3 3 6-7" />);
export const WarningIcon = icon(
  <path d="M8 6v3m0 2.25v.01M7 2.6 1.7 11.8A1.15 1.15 0 0 0 2.7 13.5h10.6a1.15 1.15 0 0 0 1-1.7L9 2.6a1.15 1.15 0 0 0-2 0Z" />,
);
export const BackIcon = icon(<path d="M9.5 3.5 5 8l4.5 4.5" className="origin-center rtl:-scale-x-100" />);
export const ExternalIcon = icon(<path d="M6.5 3.5h-3v9h9v-3M9.5 2.5h4v4m0-4-6 6" />);
export const PlusIcon = icon(<path d="M8 3v10M3 8h10" />);
export const OfflineIcon = icon(
  <path d="M2 2l12 12M8 12.5v.01M5.6 10a3.6 3.6 0 0 1 4.2-.5M3.4 7.6A6.7 6.7 0 0 1 6 6M8.6 5.4a6.7 6.7 0 0 1 4 2.2M1.3 5.2c.8-.8 1.7-1.4 2.7-1.8m3-.6a9.8 9.8 0 0 1 7.7 2.4" />,
);
export const PlugIcon = icon(<path d="M6 2v3m4-3v3M4 5h8v2.5a4 4 0 0 1-8 0V5Zm4 6.5V14" />);
export const LockIcon = icon(<path d="M4.5 7V5a3.5 3.5 0 0 1 7 0v2M3.5 7h9v6.5h-9V7Z" />);
export const CloseIcon = icon(<path d="m4 4 8 8m0-8-8 8" />);

/** Turns while something is on its way; still for those who prefer reduced motion. */
export function Spinner({ className = "size-4" }: { className?: string }) {
  return (
    <svg viewBox="0 0 16 16" fill="none" aria-hidden className={`${className} animate-spin motion-reduce:animate-none`}>
      <circle cx="8" cy="8" r="6" stroke="currentColor" strokeOpacity=".25" strokeWidth="2" />
      <path d="M14 8a6 6 0 0 0-6-6" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
    </svg>
  );
}
