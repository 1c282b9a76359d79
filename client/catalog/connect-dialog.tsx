import { type ReactNode, useEffect, useRef } from "react";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { useSentences } from "./language.tsx";
import { ProblemCallout } from "./problem-callout.tsx";
import type { Connecting } from "./connecting.ts";

export interface ConnectDialogProps {
  slug: string;
  name: string;
  connecting: Connecting;
  onClose: () => void;
  /** What connecting allows. */
  children: ReactNode;
}

/** Says what connecting allows, then connects: for a click in the list, where no page has said it yet. */
export function ConnectDialog({ slug, name, connecting, onClose, children }: ConnectDialogProps) {
  const { connecting: words, cancel } = useSentences();
  const { error } = connecting;
  const isBusy = connecting.target !== null;
  const wasBusy = useRef(false);
  // Connected without leaving the page: the list says so.
  useEffect(() => {
    if (wasBusy.current && !isBusy && !error) onClose();
    wasBusy.current = isBusy;
  }, [isBusy, error, onClose]);

  function close(): void {
    connecting.cancel?.();
    onClose();
  }

  return (
    <Dialog title={words.title(name)} onClose={close}>
      <div className="mt-3 flex flex-col gap-4">
        {children}
        {error && <ProblemCallout cause={error} name={name} />}
      </div>
      <div className="mt-6 flex flex-col-reverse gap-2 sm:flex-row sm:justify-end">
        <Button onClick={close}>{cancel}</Button>
        <Button look="primary" busy={isBusy} onClick={() => connecting.connect(slug)}>
          {words.goOn(name)}
        </Button>
      </div>
    </Dialog>
  );
}
