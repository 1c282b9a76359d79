import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** A tick of /proc: 100 a second on every Linux of today (`getconf CLK_TCK`). */
const MICROSECONDS_PER_TICK = 10_000;
const MILLISECONDS_PER_PROBE = 5;
const STOP_TIMEOUT_MS = 30_000;

/** A process on one core, with those that it has started. */
export interface PinnedProcess {
  child: ChildProcess;
  /** CPU time so far, of user and system. */
  cpuMicroseconds(): number;
  residentMegabytes(): number;
  /** Sends SIGTERM and waits for the end. Past 30 s it is killed. */
  stop(): Promise<void>;
}

export interface PinnedOptions {
  core: number;
  /** The words after `node`. */
  words: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Where its standard output goes: a file's descriptor, or nowhere. Default: nowhere. */
  output?: number | "ignore";
  /** Whether it can send messages. Default false. */
  hasChannel?: boolean;
}

/** Processes that run. They end with this one. */
const running = new Set<ChildProcess>();
process.on("exit", () => running.forEach((child) => child.kill()));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

/** Starts Node on one core. */
export function startPinned({ core, words, env, output = "ignore", hasChannel = false }: PinnedOptions): PinnedProcess {
  const stdio = ["ignore", output, "inherit", ...(hasChannel ? (["ipc"] as const) : [])] as const;
  const child = spawn("taskset", ["-c", String(core), process.execPath, ...words], { env, stdio: [...stdio] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return {
    child,
    cpuMicroseconds: () => (child.pid === undefined ? 0 : cpuOfTree(child.pid)),
    residentMegabytes: () => (child.pid === undefined ? 0 : sumOf(child.pid, residentOf)),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      child.kill("SIGTERM");
      await once(child, "exit");
      clearTimeout(timer);
    },
  };
}

/** Waits until a process listens at a port of this machine. Throws when it ends before. */
export async function listening({ child }: Pick<PinnedProcess, "child">, port: number): Promise<void> {
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(" ")} ended with ${child.exitCode}.`);
    await delay(MILLISECONDS_PER_PROBE);
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });

/** Waits for the first message. Throws when the process ends before. */
export async function firstMessage({ child }: Pick<PinnedProcess, "child">): Promise<unknown> {
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`${child.spawnargs.join(" ")} ended with ${code}.`);
  });
  const [message]: unknown[] = await Promise.race([once(child, "message"), ended]);
  return message;
}

export function findFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(address && typeof address === "object" ? address.port : 0));
    });
  });
}

/** The fields of `/proc/<pid>/stat` after the command, which may hold spaces; none once the process has ended. */
function statOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  } catch {
    return [];
  }
}

const cpuOf = (pid: number): number => {
  const fields = statOf(pid);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * MICROSECONDS_PER_TICK;
};

const sumOf = (pid: number, read: (pid: number) => number): number => withDescendants(pid).reduce((sum, each) => sum + read(each), 0);

/** CPU time so far of a process and those that it has started. */
export const cpuOfTree = (pid: number): number => sumOf(pid, cpuOf);

function residentOf(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function withDescendants(pid: number): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: Number(statOf(Number(name))[1]) }));
  const below = (parent: number): number[] => [
    parent,
    ...parents.filter((entry) => entry.parent === parent).flatMap((entry) => below(entry.pid)),
  ];
  return below(pid);
}
