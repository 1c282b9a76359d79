/** Serves this folder on http://localhost:3000, one of the demo's web origins. Run: `npx tsx examples/script-tag/serve.ts` beside `npm start`. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const PORT = 3000;
const page = readFileSync(new URL("index.html", import.meta.url));

createServer((_request, response) => response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page)).listen(PORT, () =>
  console.log(`http://localhost:${PORT}/?token=…   (a user token: npx xkit-gateway users token ada)`),
);
