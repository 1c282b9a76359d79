import { lazyPart } from "./lazy-part.tsx";

const loadProblemCallout = () => import("./problem-callout.tsx").then(({ ProblemCallout }) => ProblemCallout);
const loadDisconnectDialog = () => import("./disconnect-dialog.tsx").then(({ DisconnectDialog }) => DisconnectDialog);
const loadConnectDialog = () => import("./connect-dialog.tsx").then(({ ConnectDialog }) => ConnectDialog);
const loadCollectDialog = () => import("./collect-dialog.tsx").then(({ CollectDialog }) => CollectDialog);
const loadDeviceDialog = () => import("./device-dialog.tsx").then(({ DeviceDialog }) => DeviceDialog);

export const LazyProblemCallout = lazyPart(loadProblemCallout);
export const LazyDisconnectDialog = lazyPart(loadDisconnectDialog);
export const LazyConnectDialog = lazyPart(loadConnectDialog);
export const LazyCollectDialog = lazyPart(loadCollectDialog);
export const LazyDeviceDialog = lazyPart(loadDeviceDialog);

const LOADERS = [loadProblemCallout, loadConnectDialog, loadDisconnectDialog, loadCollectDialog, loadDeviceDialog];

/** Loads what was not needed at first: no click then waits for it, and an error finds its words without a network. */
export const loadTheRest = (): void => LOADERS.forEach((load) => void load().catch(() => {}));
