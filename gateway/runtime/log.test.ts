import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync } from "node:fs";
import { describe, expect, it } from "vitest";
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

/** Linux has it: every write to it fails as on a full disk (man 4 full). */
const FULL_DISK = "/dev/full";

it.skipIf(!existsSync(FULL_DISK))("does not end the process when the disk under standard output is full", async () => {
  const program = `
    const { createLog } = await import(${JSON.stringify(new URL("./log.ts", import.meta.url).href)});
    const log = createLog("info");
    for (let line = 0; line < 3; line += 1) log.info({ text: "x".repeat(600_000) }, "a line");
    process.exitCode = 7;`;
  const args = ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", program];
  const child = spawn(process.execPath, args, { stdio: ["ignore", openSync(FULL_DISK, "w"), "ignore"] });
  const [code] = await once(child, "close");
  expect(code).toBe(7);
});
