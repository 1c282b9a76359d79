import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
// In your own app: "@xkit-gateway/client", "@xkit-gateway/client/react" and "@xkit-gateway/client/catalog.css".
import { createXkit } from "../../../client/index.ts";
import { XkitProvider } from "../../../client/react/index.ts";
import "../../../client/catalog/styles.css";
import { App } from "./app.tsx";
import { gatewayUrl } from "./settings.ts";
import "./style.css";

/** Asked for when the session has ended, or never began. */
async function getToken(): Promise<string> {
  const response = await fetch("/user-token");
  if (!response.ok) throw new Error(`There is no user token: ${response.status}.`);
  return response.text();
}

const xkit = createXkit(gatewayUrl, { getToken });

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root.");
createRoot(root).render(
  <StrictMode>
    <XkitProvider xkit={xkit}>
      <App />
    </XkitProvider>
  </StrictMode>,
);
