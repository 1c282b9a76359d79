import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync } from "node:fs";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { safeParseJson } from "./json.ts";
import { createLog, type LogLevel } from "./log.ts";

function record(level: LogLevel = "debug") {
  const lines: string[] = [];
  return { log: createLog(level, { write: (line) => void lines.push(line) }), lines };
}

describe("the log", () => {
  it("writes one JSON object to a line, whatever is in it", () => {
    const { log, lines } = record();
    log.info({ path: "/a\nb", reason: "\u0000 \u2028" }, "two\nlines");
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toMatch(/[\n\r]/);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      level: "info",
      msg: "two\nlines",
      path: "/a\nb",
      time: expect.stringMatching(/Z$/),
    });
  });

  it("redacts members with the name of a secret", () => {
    const { log, lines } = record();
    log.warn({ token: "planted", headers: { cookie: "planted", authorization: "planted" }, code_verifier: "planted" }, "x");
    expect(lines[0]).not.toContain("planted");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ token: "[redacted]", headers: { cookie: "[redacted]" } });
  });

  it("redacts them in objects without a prototype, and in those of a class", () => {
    const { log, lines } = record();
    class Held {
      token = "planted";
    }
    log.info({ cookies: Object.assign(Object.create(null), { secret: "planted" }), held: new Held() }, "x");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ cookies: { secret: "[redacted]" }, held: { token: "[redacted]" } });
  });

  it("keeps the other members beside them", () => {
    const { log, lines } = record();
    const facts = { headers: { accept: "*/*", secret: "planted" }, at: new Date(0), kinds: ["token"], secret: null };
    log.info(facts, "x");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      headers: { accept: "*/*", secret: "[redacted]" },
      at: "1970-01-01T00:00:00.000Z",
      kinds: ["token"],
      secret: "[redacted]",
    });
    expect(facts.headers.secret).toBe("planted");
  });

  it("keeps type, message, code and stack of an error and its causes, and no further members", () => {
    const { log, lines } = record();
    const cause = Object.assign(new Error("inner"), { code: "E_INNER", parameters: ["planted"] });
    log.error({ err: Object.assign(new TypeError("outer", { cause }), { input: "postgres://u:planted@h" }) }, "unexpected error");
    expect(JSON.parse(lines[0] ?? "").err).toEqual({
      type: "TypeError",
      message: "outer",
      stack: expect.stringContaining("log.test.ts"),
      cause: { type: "Error", message: "inner", code: "E_INNER", stack: expect.any(String) },
    });
  });

  it("writes nothing below its level", () => {
    const { log, lines } = record("warn");
    log.info({}, "x");
    expect(lines).toEqual([]);
  });
});

/** What a program is started with that has `log`. */
function wordsOf(program: string): string[] {
  const head = `const { createLog } = await import(${JSON.stringify(new URL("./log.ts", import.meta.url).href)}); const log = createLog("info");`;
  return ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", `${head} ${program}`];
}

/** Runs a program that has `log`, whose standard output is a pipe. */
const run = (program: string, stdout: "pipe" | number = "pipe") =>
  spawn(process.execPath, wordsOf(program), { stdio: ["pipe", stdout, "ignore"] });

describe("lines on standard output", () => {
  it.each([
    ["runs to its end", ""],
    ["exits", "process.exit(0);"],
    ["ends by an error", "throw new Error('broken');"],
  ])("are all written, in order, when the process %s", async (_how, end) => {
    const child = run(
      `for (let n = 0; n < 300; n += 1) log.info({ n }, "a line"); createLog("info").info({ n: 300 }, "of another log"); ${end}`,
    );
    const written = text(child.stdout ?? process.stdin);
    await once(child, "close");
    const lines = (await written).trimEnd().split("\n");
    expect(lines.map((line) => Number(JSON.parse(line).n))).toEqual(Array.from({ length: 301 }, (_, n) => n));
  });

  it("are written while the process goes on", async () => {
    const child = run(`log.info({}, "a line"); process.stdin.resume();`);
    const [chunk] = await once(child.stdout ?? process.stdin, "data");
    expect(String(chunk)).toContain("a line");
    child.stdin?.end();
    await once(child, "close");
  });

  it("are whole, also where several processes share a pipe that is full", async () => {
    const program = `for (let n = 0; n < 3_000; n += 1) log.info({ n, text: "x".repeat(n % 200) }, "a line");`;
    // What a process makes for a child is no pipe on every system: a shell's is.
    const script = `(for one in 1 2 3; do "$@" & done; wait) | (sleep 2; cat)`;
    const child = spawn("sh", ["-c", script, "sh", process.execPath, ...wordsOf(program)], { stdio: ["ignore", "pipe", "ignore"] });
    const lines = (await text(child.stdout)).trimEnd().split("\n");
    expect(lines.map((line) => safeParseJson(line)).filter((line) => line === undefined)).toEqual([]);
    expect(lines).toHaveLength(9_000);
  });

  it("wait in memory, and are all written in the end, while the reader of the pipe is slow", async () => {
    // As the command line does, by which the pipe is one that does not block.
    const program = `process.stdout.on("error", () => {}); const at = performance.now(); for (let n = 0; n < 2_000; n += 1) log.info({ n, text: "x".repeat(100) }, "a line"); log.info({ ms: performance.now() - at }, "done");`;
    const child = spawn("sh", ["-c", `"$@" | (sleep 5; cat)`, "sh", process.execPath, ...wordsOf(program)], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const lines = (await text(child.stdout)).trimEnd().split("\n");
    expect(lines).toHaveLength(2_001);
    expect(JSON.parse(lines.at(-1) ?? "").ms).toBeLessThan(1_000);
  });

  it("are written by the exit where the disk was full before", async () => {
    const fail = `const write = fs.writeSync; fs.writeSync = () => { throw Object.assign(new Error("full"), { code: "ENOSPC" }); };`;
    const child = run(
      `const { default: fs } = await import("node:fs"); ${fail} for (let n = 0; n < 100; n += 1) log.info({ n }, "a line"); fs.writeSync = write; process.exit();`,
    );
    expect((await text(child.stdout ?? process.stdin)).trimEnd().split("\n")).toHaveLength(100);
  });

  it("are written at once with a warning, before the process can be killed", async () => {
    const child = run(`log.info({}, "a line"); log.warn({}, "a warning"); process.kill(process.pid, "SIGKILL");`);
    const written = text(child.stdout ?? process.stdin);
    await once(child, "close");
    expect((await written).trimEnd().split("\n")).toHaveLength(2);
  });
});

/** Linux has it: every write to it fails as on a full disk (man 4 full). */
const FULL_DISK = "/dev/full";

it.skipIf(!existsSync(FULL_DISK))("does not end the process when the disk under standard output is full", async () => {
  const program = `for (let line = 0; line < 3; line += 1) log.info({ text: "x".repeat(600_000) }, "a line"); process.exitCode = 7;`;
  const child = run(program, openSync(FULL_DISK, "w"));
  const [code] = await once(child, "close");
  expect(code).toBe(7);
});
