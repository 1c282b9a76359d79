import { useLayoutEffect, useRef } from "react";
import { createRoot } from "react-dom/client";
import { XkitProvider } from "../react/provider.tsx";
import { usePlatform } from "../react/use-platform.ts";
import type { CatalogDialog, CatalogDialogOptions } from "../catalog-dialog.ts";
import type { Xkit } from "../xkit.ts";
import { Catalog } from "./catalog.tsx";
import { CloseIcon } from "./icons.tsx";
import { SpeakLanguage, useSentences } from "./language.tsx";
import styles from "./styles.css?inline";
import { accentStyle } from "./theme.ts";

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
      <SpeakLanguage locale={options.locale ?? xkit.session.locale}>
        <CatalogModal {...options} onClose={dialog.close} />
      </SpeakLanguage>
    </XkitProvider>,
  );
  return dialog;
}

function CatalogModal({ slug, title, theme = {}, locale, popup = true, onClose }: CatalogDialogOptions & { onClose: () => void }) {
  const [{ data: platform }] = usePlatform();
  const { list: words, close } = useSentences();
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
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
      className="xk-dialog m-auto max-h-[calc(100dvh-2rem)] w-[min(64rem,calc(100vw-2rem))] max-w-none overflow-y-auto rounded-2xl border-0 bg-transparent p-0 shadow-2xl"
    >
      <div className="xkit-catalog" data-scheme={theme.scheme ?? "system"} style={accentStyle(theme.color ?? platform?.color)}>
        <div className="relative min-h-96 rounded-2xl bg-page p-5 sm:p-8">
          <button
            type="button"
            aria-label={close}
            onClick={onClose}
            className="absolute end-3 top-3 z-10 grid size-10 cursor-pointer place-items-center rounded-lg text-muted hover:bg-hover hover:text-text focus-visible:outline-2 focus-visible:outline-accent"
          >
            <CloseIcon />
          </button>
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
