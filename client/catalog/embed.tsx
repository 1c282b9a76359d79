import { useLayoutEffect, useRef } from "react";
import { createRoot } from "react-dom/client";
import { XkitProvider } from "../react/provider.tsx";
import type { CatalogDialog, CatalogDialogOptions } from "../catalog-dialog.ts";
import { parseLocale } from "../languages/locale.ts";
import type { Xkit } from "../xkit.ts";
import { Catalog } from "./catalog.tsx";
import { openModal } from "./dialog.tsx";
import { CloseIcon } from "./icons.tsx";
import { SpeakLanguage, useSentences } from "./language.tsx";
import styles from "./styles.css?inline";
import { useRootAttributes } from "./theme.ts";

let isStyled = false;

/** A constructed style sheet needs no `style-src` of the page's Content-Security-Policy. */
function style(): void {
  if (isStyled) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  document.adoptedStyleSheets.push(sheet);
  isStyled = true;
}

let current: CatalogDialog | null = null;

/** Shows the catalog in a modal dialog over the page. One that is open makes room. */
export function openCatalog(xkit: Xkit, options: CatalogDialogOptions): CatalogDialog {
  current?.close();
  style();
  const host = document.createElement("div");
  document.body.append(host);
  const root = createRoot(host);
  const { locale } = xkit.session;
  let end = () => {};
  const closed = new Promise<void>((resolve) => {
    end = resolve;
  });
  const dialog: CatalogDialog = {
    closed,
    close() {
      // What had the focus gets it back before the dialog is gone.
      host.querySelector("dialog")?.close();
      root.unmount();
      host.remove();
      // The dialog's own `locale` was the session's meanwhile.
      xkit.session.locale = locale;
      if (current === dialog) current = null;
      end();
    },
  };
  current = dialog;
  root.render(
    <XkitProvider xkit={xkit}>
      <SpeakLanguage locale={parseLocale(options.locale) ?? xkit.session.locale}>
        <CatalogModal {...options} onClose={dialog.close} />
      </SpeakLanguage>
    </XkitProvider>,
  );
  return dialog;
}

function CatalogModal({ slug, title, theme = {}, locale, popup = true, onClose }: CatalogDialogOptions & { onClose: () => void }) {
  const { list: words, close } = useSentences();
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    if (dialog.current) openModal(dialog.current);
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-label={title ?? words.title}
      onCancel={(event) => {
        // Dialogs within have their own.
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === event.currentTarget && onClose()}
      {...useRootAttributes(theme)}
      className="xkit-catalog xk-dialog m-auto h-[min(56rem,calc(100%-2rem))] max-h-none w-[min(64rem,calc(100%-2rem))] max-w-none overflow-hidden rounded-2xl border border-transparent bg-page p-0 shadow-2xl max-sm:size-full max-sm:rounded-none max-sm:border-0"
    >
      <div className="flex h-full flex-col">
        <div className="flex justify-end p-2 pb-0">
          <button
            type="button"
            aria-label={close}
            onClick={onClose}
            className="grid size-10 cursor-pointer place-items-center rounded-lg text-muted hover:bg-hover hover:text-text focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-accent"
          >
            <CloseIcon />
          </button>
        </div>
        <div className="min-h-0 flex-1 overflow-y-auto overscroll-contain px-5 pt-1 pb-8 sm:px-8">
          <Catalog
            popup={popup}
            theme={theme}
            {...(slug !== undefined && { slug })}
            {...(title !== undefined && { title })}
            {...(locale !== undefined && { locale })}
          />
        </div>
      </div>
    </dialog>
  );
}
