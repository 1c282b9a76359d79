import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Debian's package `nginx-light`. Without it, tests behind a real nginx are skipped. */
export const hasNginx = spawnSync("nginx", ["-v"]).status === 0;

export interface Nginx {
  url: string;
  close(): Promise<void>;
}

/** The configuration that operators are given. */
const CONFIGURATION = readFileSync(new URL("../../deploy/nginx.conf", import.meta.url), "utf8");

/** Starts an nginx in front of two gateways on loopback ports, with the configuration of `deploy/`. */
export async function startNginx([first, second]: readonly [number, number]): Promise<Nginx> {
  const directory = mkdtempSync(join(tmpdir(), "xkit-nginx-"));
  const port = await findFreePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${directory}/${name};`).join(" ");
  const settings = CONFIGURATION.replace("127.0.0.1:4000", `127.0.0.1:${first}`)
    .replace("127.0.0.1:4001", `127.0.0.1:${second}`)
    .replace("listen 80;", `listen 127.0.0.1:${port};`);
  const configuration = `
    daemon off; pid ${directory}/pid; error_log ${directory}/error.log; worker_processes 1;
    ${process.getuid?.() === 0 ? "user root;" : ""}
    events { worker_connections 768; }
    http { access_log off; ${temporary}
${settings} }`;
  writeFileSync(join(directory, "nginx.conf"), configuration);
  const child = spawn("nginx", ["-c", join(directory, "nginx.conf"), "-e", join(directory, "error.log")], { stdio: "ignore" });
  await reach(port, child);
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      child.kill("SIGTERM");
      await once(child, "close");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A port that is free at this moment. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return address !== null && typeof address === "object" ? address.port : 0;
}

async function reach(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, "127.0.0.1");
    const isUp = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isUp) return;
    await delay(20);
  }
  throw new Error(`nginx ended with ${child.exitCode}.`);
}
