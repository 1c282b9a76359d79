import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { findFreePort } from "../support/postgres-server.ts";
import { type Engine, findCommand, type Tab } from "./engine.ts";

const LIBRARIES = "/usr/lib";
const POLL_MS = 50;
/** The key of an element in JSON (w3.org/TR/webdriver2, "Elements"). */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
/** Its default is Safari's: Intelligent Tracking Prevention. */
const COOKIE_ARGUMENTS = { default: "--enable-itp", allowed: "--cookies-policy=always", blocked: "--cookies-policy=no-third-party" };

/** The smallest browser of WebKitGTK; it is in a folder named from the machine and the version. */
function findMiniBrowser(): string | null {
  const paths = existsSync(LIBRARIES)
    ? readdirSync(LIBRARIES).flatMap((machine) =>
        ["webkit2gtk-4.1", "webkitgtk-6.0", "webkit2gtk-4.0"].map((version) => join(LIBRARIES, machine, version, "MiniBrowser")),
      )
    : [];
  return paths.find((path) => existsSync(path)) ?? null;
}

const [driver, screen, miniBrowser] = [findCommand("WebKitWebDriver"), findCommand("Xvfb"), findMiniBrowser()];
const missing = [driver && miniBrowser ? [] : ["webkit2gtk-driver"], screen ? [] : ["xvfb"]].flat();

/** WebKitGTK by WebDriver (w3.org/TR/webdriver2). */
export const webkit: Engine = {
  name: "WebKitGTK",
  missing: missing.length > 0 ? missing.join(", ") : null,
  async launch(cookies) {
    const directory = mkdtempSync(join(tmpdir(), "xkit-webkit-"));
    const [display, xvfb] = await startScreen();
    const [ask, webDriver] = await startDriver(directory, display);
    const browserOptions = { binary: miniBrowser, args: ["--automation", COOKIE_ARGUMENTS[cookies]] };
    let session = "";
    const end = async () => session !== "" && (await ask("DELETE", session));
    return {
      async open() {
        await end();
        const capabilities = { alwaysMatch: { acceptInsecureCerts: true, "webkitgtk:browserOptions": browserOptions } };
        const started = await ask("POST", "/session", { capabilities });
        session = `/session/${z.object({ sessionId: z.string() }).parse(started).sessionId}`;
        return openSession((method, path, body) => ask(method, `${session}${path}`, body));
      },
      async stop() {
        await end();
        for (const child of [webDriver, xvfb]) await kill(child);
        // The browser may still be writing.
        await rm(directory, { recursive: true, force: true, maxRetries: 10 });
      },
    };
  },
};

type Ask = (method: "GET" | "POST" | "DELETE", path: string, body?: object) => Promise<unknown>;

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, "close");
  child.kill();
  await ended;
}

async function startScreen(): Promise<[display: string, child: ChildProcess]> {
  const child = spawn(screen ?? "", ["-displayfd", "3", "-nolisten", "tcp"], { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  const [number] = await once(child.stdio[3] ?? child, "data");
  return [`:${String(number).trim()}`, child];
}

async function startDriver(directory: string, display: string): Promise<[ask: Ask, child: ChildProcess]> {
  const port = await findFreePort();
  const folders = { HOME: directory, XDG_CACHE_HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory };
  // Its sandbox wants namespaces, which containers and root have not.
  const env = { ...process.env, ...folders, DISPLAY: display, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1" };
  const child = spawn(driver ?? "", [`--port=${port}`, "--host=127.0.0.1"], { env, stdio: "ignore" });
  const ask: Ask = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
    const { value } = z.object({ value: z.unknown() }).parse(await response.json());
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(value)}`);
    return value;
  };
  const isUp = () =>
    ask("GET", "/status").then(
      () => true,
      () => false,
    );
  while (child.exitCode === null && !(await isUp())) await delay(POLL_MS);
  return [ask, child];
}

function openSession(ask: Ask): { tabs(): Promise<Tab[]> } {
  let last: Promise<unknown> = Promise.resolve();
  /** Commands go to the window that was switched to last. */
  const within = (handle: string, run: () => Promise<unknown>) => {
    const result = last.then(() => ask("POST", "/window", { handle })).then(run);
    last = result.catch(() => {});
    return result;
  };
  const order: string[] = [];
  return {
    async tabs() {
      const handles = z.array(z.string()).parse(await ask("GET", "/window/handles"));
      order.push(...handles.filter((handle) => !order.includes(handle)));
      return order.filter((handle) => handles.includes(handle)).map((handle) => toTab(ask, (run) => within(handle, run), handle));
    },
  };
}

function toTab(ask: Ask, within: (run: () => Promise<unknown>) => Promise<unknown>, id: string): Tab {
  const execute = (expression: string) => ask("POST", "/execute/sync", { script: `return ${expression}`, args: [] });
  return {
    id,
    goTo: async (url) => void (await within(() => ask("POST", "/url", { url }))),
    evaluate: (expression) => within(() => execute(`(async () => ${expression})()`)),
    async click(element) {
      await within(async () => {
        const found = z.object({ [ELEMENT]: z.string() }).safeParse(await execute(element));
        if (!found.success) throw new TypeError(`There is no ${element}.`);
        return ask("POST", `/element/${found.data[ELEMENT]}/click`, {});
      });
    },
    travel: async (by) => void (await within(() => ask("POST", by < 0 ? "/back" : "/forward", {}))),
    close: async () => void (await within(() => ask("DELETE", "/window"))),
  };
}
