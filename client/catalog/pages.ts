import { lazyPart } from "./lazy-part.tsx";

const loadListPage = () => import("./list-page.tsx").then(({ ListPage }) => ListPage);
const loadConnectorPage = () => import("./connector-page.tsx").then(({ ConnectorPage }) => ConnectorPage);
const loadConnectionCard = () => import("./connection-card.tsx").then(({ ConnectionCard }) => ConnectionCard);
const loadMarkdown = () => import("./markdown.tsx").then(({ Markdown }) => Markdown);
const loadProblemCallout = () => import("./problem-callout.tsx").then(({ ProblemCallout }) => ProblemCallout);
const loadDisconnectDialog = () => import("./disconnect-dialog.tsx").then(({ DisconnectDialog }) => DisconnectDialog);
const loadCollectDialog = () => import("./collect-dialog.tsx").then(({ CollectDialog }) => CollectDialog);

export const ListPage = lazyPart(loadListPage);
export const ConnectorPage = lazyPart(loadConnectorPage);
export const ConnectionCard = lazyPart(loadConnectionCard);
export const Markdown = lazyPart(loadMarkdown);
export const ProblemCallout = lazyPart(loadProblemCallout);
export const DisconnectDialog = lazyPart(loadDisconnectDialog);
export const CollectDialog = lazyPart(loadCollectDialog);

const LOADERS = [
  loadListPage,
  loadConnectorPage,
  loadConnectionCard,
  loadMarkdown,
  loadProblemCallout,
  loadDisconnectDialog,
  loadCollectDialog,
];

/** Loads what was not needed at first: no click then waits for it, and an error finds its words without a network. */
export const loadTheRest = (): void => LOADERS.forEach((load) => void load().catch(() => {}));
