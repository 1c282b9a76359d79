/** A page of the platform's own app, at an origin of its own: what it shows is bundled from `entry`. */
import { createServer } from "node:http";
import { build } from "vite";

export interface AppPage {
  url: string;
  stop: () => void;
}

const HTML =
  '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>App</title><style>body { background: Canvas; }</style><body><script type="module" src="/page.js"></script>';

async function bundle(entry: URL): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "error",
    build: { write: false, rolldownOptions: { input: entry.pathname, output: { codeSplitting: false } } },
  });
  const outputs = Array.isArray(built) ? built : "output" in built ? [built] : [];
  return outputs.flatMap(({ output }) => output).reduce((text, file) => (file.type === "chunk" ? text + file.code : text), "");
}

/** Serves it on a free port, at every path. */
export async function startAppPage(entry: URL): Promise<AppPage> {
  const script = await bundle(entry);
  const server = createServer((request, response) =>
    request.url === "/page.js"
      ? response.writeHead(200, { "content-type": "text/javascript" }).end(script)
      : response.writeHead(200, { "content-type": "text/html" }).end(HTML),
  );
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  const address = server.address();
  return { url: `http://localhost:${typeof address === "object" ? address?.port : 0}`, stop: () => server.close() };
}
