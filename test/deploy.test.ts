import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const deploy = fileURLToPath(new URL("../deploy", import.meta.url));
const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

it.skipIf(!hasSystemd)("the systemd unit is one that systemd takes (needs systemd-analyze)", () => {
  const directory = mkdtempSync(join(tmpdir(), "xkit-unit-"));
  const unit = join(directory, "xkit-gateway.service");
  copyFileSync(join(deploy, "xkit-gateway.service"), unit);
  const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
  rmSync(directory, { recursive: true });
  expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: "" });
});
