import { useEffect, useRef } from "react";
import { useCatalog } from "./context.ts";
import { SearchIcon } from "./icons.tsx";
import { useSentences } from "./language.tsx";
import { LONGEST_SEARCH } from "./list-query.ts";

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Searches the list; `/` leads to it from anywhere on the hosted page. In an app, that key is the app's. */
export function SearchField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { isHosted } = useCatalog();
  const { list: words } = useSentences();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!isHosted) return undefined;
    const focus = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, [isHosted]);
  return (
    <div className="relative w-full @xl:max-w-72">
      <SearchIcon className="pointer-events-none absolute top-3 start-3 size-4 text-muted" />
      <input
        ref={input}
        type="search"
        aria-label={words.searchLabel}
        aria-keyshortcuts={isHosted ? "/" : undefined}
        placeholder={words.search}
        value={value}
        maxLength={LONGEST_SEARCH}
        onChange={(event) => onChange(event.target.value)}
        className="peer min-h-10 w-full rounded-lg border border-field bg-surface pe-3 ps-9 text-base text-text placeholder:text-muted focus-visible:outline-2 focus-visible:outline-offset-1 focus-visible:outline-accent @xl:text-sm"
      />
      {isHosted && (
        <kbd
          aria-hidden
          className="pointer-events-none absolute top-2.5 end-3 hidden h-5 min-w-5 rounded border border-line bg-page text-center font-sans text-xs leading-[18px] text-muted peer-placeholder-shown:@xl:block peer-focus:@xl:hidden"
        >
          /
        </kbd>
      )}
    </div>
  );
}
