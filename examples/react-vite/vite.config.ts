import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { withTokens } from "../../client/build/with-tokens.ts";
import { GATEWAY_URL, runCommand } from "../gateway.ts";

/** Stands for your server: it gives the page a token of the user who is signed in there (`provisionUser`). */
const userToken: Plugin = {
  name: "user-token",
  configureServer: ({ middlewares }) =>
    void middlewares.use("/user-token", (_request, response) =>
      response.setHeader("cache-control", "no-store").end(runCommand("users", "token", "ada", "--name", "Ada")),
    ),
};

/** The port is one of the demo's web origins. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  cacheDir: fileURLToPath(new URL("../../node_modules/.vite/react-vite", import.meta.url)),
  plugins: [withTokens, react(), tailwindcss(), userToken],
  define: { GATEWAY_URL: JSON.stringify(GATEWAY_URL) },
  server: { host: "localhost", port: Number(process.env["EXAMPLE_PORT"] ?? 5173), strictPort: true },
});
