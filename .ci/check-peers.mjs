/** Checks the types of what `bench/` installs packages of its own for. They are not installed with the gateway. */
import { execSync } from "node:child_process";
import { existsSync } from "node:fs";

if (existsSync("bench/node_modules")) execSync("npx tsc -p bench/tsconfig.json --noEmit", { stdio: "inherit" });
else console.log("bench/peers is not checked: its packages are not installed. npm ci --prefix bench installs them.");
