"use client";

import { XkitProvider } from "@xkit-gateway/client/react";
import type { ReactNode } from "react";

async function getToken(): Promise<string> {
  const response = await fetch("/user-token");
  if (!response.ok) throw new Error(await response.text());
  return response.text();
}

/** What hooks and the catalog need around them. */
export const Xkit = ({ gatewayUrl, children }: { gatewayUrl: string; children: ReactNode }) => (
  <XkitProvider url={gatewayUrl} getToken={getToken}>
    {children}
  </XkitProvider>
);
