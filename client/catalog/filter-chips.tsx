import type { CatalogEntry } from "../api/types.ts";
import { useSentences } from "./language.tsx";
import { catalog as english } from "../languages/en.ts";
import { summarise } from "../connecting/status.ts";

interface Chip {
  filter: string;
  label: string;
  count?: number;
}

const isCategory = (name: string): name is keyof typeof english.categories => Object.hasOwn(english.categories, name);

/** Whether there is such a filter; the empty text is none. */
export const isFilter = (filter: string): boolean => ["connected", "attention"].includes(filter) || isCategory(filter.toUpperCase());

/** Whether an entry is shown under a filter. One that is unknown hides nothing. */
export function passes(entry: CatalogEntry, filter: string): boolean {
  if (filter === "connected") return entry.connections.some((connection) => summarise([connection]) === "connected");
  if (filter === "attention") return summarise(entry.connections) === "attention";
  return !isCategory(filter.toUpperCase()) || entry.categories.some((category) => category.toLowerCase() === filter);
}

/** The filters that show something of these entries, and not all of them. */
function useChips(entries: readonly CatalogEntry[]): Chip[] {
  const { list: words, categories } = useSentences();
  const states = [
    { filter: "connected", label: words.connected },
    { filter: "attention", label: words.needsAttention },
  ];
  const present = [...new Set(entries.flatMap((entry) => entry.categories))]
    // A newer gateway may know further ones.
    .filter(isCategory)
    .map((category) => ({ filter: category.toLowerCase(), label: categories[category] }))
    .toSorted((one, other) => one.label.localeCompare(other.label));
  const chips: Chip[] = [
    ...states.map((chip) => ({ ...chip, count: entries.filter((entry) => passes(entry, chip.filter)).length })),
    ...present,
  ];
  return chips.filter(({ count }) => count !== 0);
}

/** Narrows the list down by a click. Nothing where there is no choice. */
export function FilterChips({
  entries,
  filter,
  onChange,
}: {
  entries: readonly CatalogEntry[];
  filter: string;
  onChange: (filter: string) => void;
}) {
  const { list: words } = useSentences();
  const chips = useChips(entries);
  if (chips.length === 0) return null;
  return (
    <div
      role="group"
      aria-label={words.filter}
      className="-mx-1 flex flex-wrap gap-2 px-1 @max-xl:flex-nowrap @max-xl:overflow-x-auto @max-xl:pb-2"
    >
      {[{ filter: "", label: words.all }, ...chips].map((chip: Chip) => (
        <button
          key={chip.filter}
          type="button"
          aria-pressed={chip.filter === filter}
          onClick={() => onChange(chip.filter === filter ? "" : chip.filter)}
          className="inline-flex min-h-9 shrink-0 cursor-pointer items-center gap-1.5 rounded-full border border-line-strong bg-surface px-3.5 text-[13px] font-medium whitespace-nowrap text-muted transition hover:bg-hover hover:text-text focus-visible:outline-2 focus-visible:outline-offset-2 focus-visible:outline-accent aria-pressed:border-text aria-pressed:bg-text aria-pressed:text-page"
        >
          {chip.label}
          {chip.count !== undefined && <span className="opacity-70">{chip.count}</span>}
        </button>
      ))}
    </div>
  );
}
