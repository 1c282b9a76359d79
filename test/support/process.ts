import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { inject } from "vitest";
import { cliOf } from "./build.ts";

/** `xkit-gateway` as a real process. */
export interface GatewayProcess {
  child: ChildProcess;
  /** What it has printed until now. */
  stdout(): string;
  stderr(): string;
  /** Resolves to the first match in what it prints. Rejects when it ends without. */
  printed(pattern: RegExp): Promise<string>;
  /** Resolves to its exit code, or to the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>;
}

export interface ProcessOptions {
  /** The command line's file. Default: that of these sources, as the test run compiled it. */
  cli?: string;
  /** Modules that are loaded before it. */
  preload?: readonly URL[];
}

/** Starts the command line in a folder of its own, with nothing of this process's environment but the path. */
export function startProcess(
  args: readonly string[],
  env: Record<string, string>,
  directory: string,
  { cli = cliOf(inject("gatewayBuild")), preload = [] }: ProcessOptions = {},
): GatewayProcess {
  const { PATH = "" } = process.env;
  const imports = preload.flatMap(({ href }) => ["--import", href]);
  const child = spawn(process.execPath, [...imports, cli, ...args], { cwd: directory, env: { PATH, ...env } });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  // "close" comes after the last output, "exit" may not.
  const ended = once(child, "close").then(() => child.exitCode ?? child.signalCode);

  return {
    child,
    ended,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(output.stdout);
          if (match) resolve(match[1] ?? match[0]);
        };
        child.stdout.on("data", look);
        look();
        void ended.then((code) => reject(new Error(`It ended with ${String(code)} and printed no ${String(pattern)}: ${output.stderr}`)));
      }),
  };
}
