import { useState } from "react";
import type { Connector } from "../api/types.ts";
import { initialOf } from "../design/initials.ts";
import { groundOf } from "../design/mark.ts";

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
    <span
      aria-hidden
      className={`${size} grid shrink-0 place-items-center font-semibold text-white`}
      style={{ backgroundColor: groundOf(connector.slug) }}
    >
      {initialOf(connector.name)}
    </span>
  );
}
