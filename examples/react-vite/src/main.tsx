import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
// In your own app: "xkit-gateway/react" and "xkit-gateway/client".
import { createXkit } from "../../../client/index.ts";
import { XkitProvider } from "../../../client/react/index.ts";
import "../../../client/catalog/styles.css";
import { App } from "./app.tsx";

const xkit = createXkit("http://localhost:4000");
/** In your app, your server makes this token: provisionUser. Here: `npx xkit-gateway users token ada`, then open `/?token=…`. */
const userToken = new URLSearchParams(location.search).get("token");
if (userToken) {
  history.replaceState(null, "", location.pathname);
  await xkit.login(userToken);
}

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root.");
createRoot(root).render(
  <StrictMode>
    <XkitProvider xkit={xkit}>
      <App />
    </XkitProvider>
  </StrictMode>,
);
