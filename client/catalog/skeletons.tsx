const Bar = ({ className }: { className: string }) => (
  <span className={`block animate-pulse rounded-md bg-hover motion-reduce:animate-none ${className}`} />
);

const CARDS = [1, 2, 3, 4, 5, 6];

/** The list, before it is there. */
export const ListSkeleton = () => (
  <div role="status" aria-label="Loading the integrations" className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3">
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

/** A connector's page, before it is there. */
export const ConnectorSkeleton = () => (
  <>
    <h1 className="sr-only">Integration</h1>
    <div role="status" aria-label="Loading the integration" className="mt-6">
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
