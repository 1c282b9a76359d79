/** How long tests wait for what must come, in milliseconds: a busy machine takes seconds. */
export const PATIENCE = { timeout: 30_000, interval: 10 };
