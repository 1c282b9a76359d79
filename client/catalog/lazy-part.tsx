import { type ComponentType, lazy, Suspense } from "react";
import { useSentences } from "./language.tsx";

/** Shown where a part of the page did not load: the network broke, or the page is older than the server. */
function MissingPart() {
  const { defect } = useSentences();
  return (
    <p role="alert" className="rounded-xl border border-line bg-surface p-4 text-sm text-muted">
      {defect.partMissing}
    </p>
  );
}

/** A component whose code is loaded when it is first needed. Until then nothing stands in its place. */
export function lazyPart<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const Part = lazy(async () => ({ default: await load().catch(() => MissingPart) }));
  return (props) => (
    <Suspense>
      <Part {...props} />
    </Suspense>
  );
}
