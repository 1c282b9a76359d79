import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { UNHANDLED_ERROR } from "./unhandled-error.ts";

const MODULES = ["./unhandled-error.ts", "./log.ts"].map((path) => JSON.stringify(new URL(path, import.meta.url).href));

it.each([
  ["uncaughtException", "setTimeout(() => { throw new Error('first'); }); setTimeout(() => { throw new Error('second'); });"],
  ["unhandledRejection", "Promise.reject(new Error('first')); Promise.reject(new Error('second'));"],
])("an %s is logged once, and stops the process with code 70", async (origin, failure) => {
  const program = `
    const { stopOnUnhandledError } = await import(${MODULES[0]});
    const { createLog } = await import(${MODULES[1]});
    stopOnUnhandledError(createLog("info"), async () => { await new Promise((done) => setTimeout(done, 50)); console.log("stopped"); });
    setTimeout(() => {}, 60_000);
    ${failure}`;
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", program]);
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
  const [line = "", ...more] = output.trim().split("\n");
  expect([code, more]).toEqual([70, ["stopped"]]);
  expect(JSON.parse(line)).toMatchObject({ level: "error", msg: UNHANDLED_ERROR, origin, err: { message: "first" } });
});
