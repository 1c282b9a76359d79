import { useSentences } from "./language.tsx";

const Bar = ({ className }: { className: string }) => (
  <span className={`block animate-pulse rounded-md bg-hover motion-reduce:animate-none ${className}`} />
);

const CARDS = [1, 2, 3, 4, 5, 6];

/** The list, before it is there. */
export function ListSkeleton() {
  const { list: words } = useSentences();
  return (
    <div role="status" aria-label={words.loading} className="grid grid-cols-1 gap-3 @2xl:grid-cols-2 @4xl:grid-cols-3">
      {CARDS.map((card) => (
        <div key={card} className="h-44 rounded-2xl border border-line bg-surface p-5">
          <Bar className="size-11 rounded-xl" />
          <Bar className="mt-4 h-4 w-28" />
          <Bar className="mt-2.5 h-3 w-44 max-w-full" />
          <Bar className="mt-7 h-3 w-24" />
        </div>
      ))}
    </div>
  );
}

/** A connector's page, before it is there. */
export function ConnectorSkeleton() {
  const { connector: words } = useSentences();
  return (
    <>
      <h1 className="sr-only">{words.heading}</h1>
      <div role="status" aria-label={words.loading} className="mt-6">
        <div className="flex items-center gap-4">
          <Bar className="size-14 rounded-2xl" />
          <div>
            <Bar className="h-6 w-40" />
            <Bar className="mt-2.5 h-3.5 w-56" />
          </div>
        </div>
        <Bar className="mt-8 h-32 w-full rounded-2xl" />
      </div>
    </>
  );
}
