import { resolve } from "node:path";
import { DEFAULT_CONFIG_FILE } from "./environment.ts";

const EXAMPLE = `{
  "platform": { "name": "Acme" },
  "web_origins": ["http://localhost:3000"],
  "connectors": [
    { "provider": "github", "client_id": "\${GITHUB_CLIENT_ID}", "client_secret": "\${GITHUB_CLIENT_SECRET}" }
  ]
}`;

/** A gateway was started without a configuration file. The message says what to write, and where. */
export class NoConfigFileError extends Error {
  override readonly name = "NoConfigFileError";

  constructor(path = resolve(DEFAULT_CONFIG_FILE)) {
    super(
      [
        `There is no configuration file: ${path} does not exist, and XKIT_CONFIG is not set. Create the file, for example:`,
        EXAMPLE,
        'Or run "npx xkit-gateway connectors add github": it writes the file, and prints what to register at the provider and which variables to set. Then start the gateway again.',
      ].join("\n\n"),
    );
  }
}
