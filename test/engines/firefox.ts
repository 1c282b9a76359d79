import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { z } from "zod";
import { type Engine, findCommand, type Tab, type ThirdPartyCookies } from "./engine.ts";

const command = findCommand("firefox-esr") ?? findCommand("firefox");
/** Of `network.cookie.cookieBehavior`: 5 is Total Cookie Protection, Firefox' default. */
const COOKIE_BEHAVIOR = { default: 5, allowed: 0, blocked: 1 };
const STARTED = /WebDriver BiDi listening on (ws:\S+)/;

/** Firefox by WebDriver BiDi (w3.org/TR/webdriver-bidi), which it speaks by itself. */
export const firefox: Engine = {
  name: "Firefox",
  missing: command === null ? "firefox-esr" : null,
  async launch(cookies) {
    const { send, stop } = await start(cookies);
    await send("session.new", { capabilities: { alwaysMatch: { acceptInsecureCerts: true } } });
    let userContext = "";
    return {
      async open() {
        if (userContext !== "") await send("browser.removeUserContext", { userContext });
        userContext = z.object({ userContext: z.string() }).parse(await send("browser.createUserContext", {})).userContext;
        const mine = userContext;
        await send("browsingContext.create", { type: "tab", userContext: mine });
        return {
          async tabs() {
            const { contexts } = treeSchema.parse(await send("browsingContext.getTree", { maxDepth: 0 }));
            return contexts.filter((context) => context.userContext === mine).map(({ context }) => toTab(send, context));
          },
        };
      },
      stop,
    };
  },
};

type Send = (method: string, parameters: object) => Promise<unknown>;

const treeSchema = z.object({ contexts: z.array(z.object({ context: z.string(), userContext: z.string() })) });
const messageSchema = z.object({
  id: z.number().nullish(),
  result: z.unknown(),
  error: z.string().optional(),
  message: z.string().optional(),
});

async function start(cookies: ThirdPartyCookies): Promise<{ send: Send; stop: () => Promise<void> }> {
  const profile = mkdtempSync(join(tmpdir(), "xkit-firefox-"));
  writeFileSync(join(profile, "user.js"), `user_pref("network.cookie.cookieBehavior", ${COOKIE_BEHAVIOR[cookies]});\n`);
  const child = spawn(command ?? "", ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0"], {
    env: { ...process.env, HOME: profile },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "close");
  let printed = "";
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      const [, found] = STARTED.exec(printed) ?? [];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(`Firefox ended: ${printed}`)));
  });
  const { send, close } = await connect(`${url}/session`);
  return {
    send,
    async stop() {
      close();
      child.kill();
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

async function connect(url: string): Promise<{ send: Send; close: () => void }> {
  const socket = new WebSocket(url);
  await once(socket, "open");
  const waiting = new Map<number, (message: z.output<typeof messageSchema>) => void>();
  socket.on("message", (data: Buffer) => {
    const message = messageSchema.parse(JSON.parse(data.toString()));
    if (typeof message.id === "number") waiting.get(message.id)?.(message);
  });
  let sent = 0;
  const send: Send = (method, parameters) =>
    new Promise((resolve, reject) => {
      const id = ++sent;
      waiting.set(id, ({ result, error, message }) => {
        waiting.delete(id);
        if (error === undefined) resolve(result);
        else reject(new Error(`${method}: ${error}: ${message}`));
      });
      socket.send(JSON.stringify({ id, method, params: parameters }));
    });
  return { send, close: () => socket.close() };
}

const evaluationSchema = z.object({
  type: z.string(),
  result: z.object({ type: z.string(), value: z.unknown(), sharedId: z.string().optional() }).optional(),
  exceptionDetails: z.object({ text: z.string() }).optional(),
});

function toTab(send: Send, context: string): Tab {
  async function run(expression: string) {
    const answer = evaluationSchema.parse(await send("script.evaluate", { expression, target: { context }, awaitPromise: true }));
    if (answer.result === undefined) throw new Error(answer.exceptionDetails?.text);
    return answer.result;
  }
  return {
    id: context,
    goTo: async (url) => void (await send("browsingContext.navigate", { context, url, wait: "complete" })),
    async evaluate(expression) {
      const { type, value } = await run(`(async () => JSON.stringify(await (${expression})))()`);
      return type === "string" ? JSON.parse(String(value)) : undefined;
    },
    async click(element) {
      const { sharedId } = await run(`((found) => (found?.scrollIntoView({ block: "center" }), found))(${element})`);
      if (sharedId === undefined) throw new TypeError(`There is no ${element}.`);
      await send("browsingContext.activate", { context });
      await send("input.performActions", { context, actions: [{ type: "pointer", id: "mouse", actions: clickOn(sharedId) }] });
    },
    travel: async (delta) => void (await send("browsingContext.traverseHistory", { context, delta })),
    close: async () => void (await send("browsingContext.close", { context })),
  };
}

const clickOn = (sharedId: string): object[] => [
  { type: "pointerMove", x: 0, y: 0, origin: { type: "element", element: { sharedId } } },
  { type: "pointerDown", button: 0 },
  { type: "pointerUp", button: 0 },
];
