#!/usr/bin/env node
import module from "node:module";
import { fileURLToPath } from "node:url";

/** When the compiled code is kept: what the first requests need is compiled by then. */
const FLUSH_AFTER_MS = 10_000;

/** Of Node 22.10 and newer. */
const cache: typeof module & { enableCompileCache?(directory: string): void; flushCompileCache?(): void } = module;

/**
 * Keeps compiled code beside the code, where those who can change the one can change the other, and not in the shared temporary folder.
 * Nothing is kept where that folder is not writable.
 */
function keepCompiledCode(): void {
  cache.enableCompileCache?.(fileURLToPath(new URL(".compiled", import.meta.url)));
  setTimeout(() => cache.flushCompileCache?.(), FLUSH_AFTER_MS).unref();
}

keepCompiledCode();
// Not before: what is imported statically is compiled first.
const { runCommandLine } = await import("./command-line.ts");
await runCommandLine(process.argv.slice(2), { file: fileURLToPath(import.meta.url) });
