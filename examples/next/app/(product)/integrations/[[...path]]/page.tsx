"use client";

import { Catalog } from "@xkit-gateway/client/react";
import "@xkit-gateway/client/catalog.css";

/** The catalog has its list at /integrations, and a page for each connector below it. */
export default function Integrations() {
  return <Catalog title="Connect your tools" basePath="/integrations" theme={{ color: "#7c3aed" }} />;
}
