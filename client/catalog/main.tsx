import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { XkitProvider } from "../react/provider.tsx";
import { createXkit } from "../xkit.ts";
import { HostedPage } from "./hosted-page.tsx";
import "./styles.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root.");
createRoot(root).render(
  <StrictMode>
    <XkitProvider xkit={createXkit(location.origin)}>
      <HostedPage />
    </XkitProvider>
  </StrictMode>,
);
