import type { NextConfig } from "next";

const config: NextConfig = {
  // This folder, and not the project around it, which has a lockfile too.
  turbopack: { root: import.meta.dirname },
};

export default config;
