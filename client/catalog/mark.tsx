import { useState } from "react";
import type { Connector } from "../api/types.ts";
import { initialOf } from "./initial.ts";

/** Quiet grounds for connectors without a logo; the same one each time. */
const GROUNDS = ["bg-mark-1", "bg-mark-2", "bg-mark-3", "bg-mark-4", "bg-mark-5"];

const groundOf = (slug: string) => GROUNDS[(slug.charCodeAt(0) + slug.length) % GROUNDS.length];

/** A connector's logo, or its initial where it has none or it does not load. */
export function Mark({ connector, large = false }: { connector: Pick<Connector, "slug" | "name" | "markUrl">; large?: boolean }) {
  const [failedUrl, setFailedUrl] = useState<string | null>(null);
  const size = large ? "size-14 rounded-2xl text-xl" : "size-11 rounded-xl text-base";
  if (connector.markUrl && failedUrl !== connector.markUrl) {
    return (
      <span className={`${size} grid shrink-0 place-items-center border border-line bg-white p-2`}>
        <img
          src={connector.markUrl}
          alt=""
          loading="lazy"
          className="max-h-full max-w-full object-contain"
          onError={() => setFailedUrl(connector.markUrl)}
        />
      </span>
    );
  }
  return (
    <span aria-hidden className={`${size} ${groundOf(connector.slug)} grid shrink-0 place-items-center font-semibold text-white`}>
      {initialOf(connector.name)}
    </span>
  );
}
