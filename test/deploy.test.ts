import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import composeSpecification from "./support/compose-spec.json" with { type: "json" };

const deploy = fileURLToPath(new URL("../deploy", import.meta.url));
const read = (name: string) => readFileSync(join(deploy, name), "utf8");
const readCompose = (): unknown => parse(read("compose.yaml"));
const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

it.skipIf(!hasSystemd)("systemd accepts the unit (needs systemd-analyze)", () => {
  const directory = mkdtempSync(join(tmpdir(), "xkit-unit-"));
  const unit = join(directory, "xkit-gateway.service");
  copyFileSync(join(deploy, "xkit-gateway.service"), unit);
  const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
  rmSync(directory, { recursive: true });
  expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: "" });
});

it("compose.yaml is valid by the schema of the Compose Specification", () => {
  // github.com/compose-spec/compose-spec, Apache License 2.0.
  const schema = z.fromJSONSchema(z.record(z.string(), z.json()).parse(composeSpecification));
  expect(schema.safeParse(readCompose()).error?.issues).toBeUndefined();
  expect(schema.safeParse({ services: { gateway: { stop_grace: "20s" } } }).success).toBe(false);
});

it("spooled tokens outlive the process, even beside Postgres", () => {
  const [, spool = ""] = /\bXKIT_SPOOL_DIR=(\S+)/.exec(read("Dockerfile")) ?? [];
  const { services } = z.object({ services: z.object({ gateway: z.object({ volumes: z.array(z.string()) }) }) }).parse(readCompose());
  const kept = services.gateway.volumes.map((volume) => volume.split(":")[1]);
  expect(kept.some((folder) => folder !== undefined && spool.startsWith(`${folder}/`))).toBe(true);
  const unit = read("xkit-gateway.service");
  const [, state = ""] = /^StateDirectory=(.+)$/m.exec(unit) ?? [];
  expect(unit).toContain(`\nEnvironment=XKIT_SPOOL_DIR=/var/lib/${state}/`);
});
