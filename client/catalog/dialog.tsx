import { type ReactNode, useId, useLayoutEffect, useRef } from "react";

/** Opens it over the page, which does not scroll meanwhile, and keeps its width where its scroll bar goes. */
export function openModal(dialog: HTMLDialogElement): void {
  dialog.toggleAttribute("data-gutter", innerWidth > document.documentElement.clientWidth);
  dialog.showModal();
}

/**
 * A modal dialog: the browser keeps the focus inside, Escape closes, and the focus goes back to where it was. Its first field has the focus,
 * else what the browser chooses.
 */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Closed before it leaves the page: a dialog that is gone gives no focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element) openModal(element);
    element?.querySelector<HTMLElement>("input, select")?.focus();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      className="xk-dialog m-auto w-[min(28rem,calc(100vw-2rem))] rounded-2xl border border-line bg-surface p-6 text-text shadow-2xl"
    >
      <h2 id={titleId} className="text-lg font-semibold tracking-tight">
        {title}
      </h2>
      {children}
    </dialog>
  );
}
