import type { MouseEvent, ReactNode } from "react";
import { useCatalog } from "./context.ts";
import type { Route } from "./router.ts";

/** A link to another page of the catalog; modified clicks stay the browser's. */
export function Link({ to, className, children, ...rest }: { to: Route; className?: string; children: ReactNode; "aria-label"?: string }) {
  const { hrefOf, navigate } = useCatalog();
  const onClick = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a href={hrefOf(to)} onClick={onClick} className={className} {...rest}>
      {children}
    </a>
  );
}
