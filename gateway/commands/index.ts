/** The commands other than `start`. A running gateway does not load them. */
export { printAudit, verifyAuditChains } from "./audit.ts";
export { createApiKey, listApiKeys, revokeApiKey } from "./api-keys.ts";
export { makeBackup, restoreBackup } from "./backups.ts";
export { runConnectionAction } from "./connections.ts";
export { addConnector, checkConnectors, listKnownProviders } from "./connectors.ts";
export { runDoctor } from "./doctor.ts";
export { exportConnections } from "./export.ts";
export { importFile } from "./import.ts";
export { eraseUser, exportUser } from "./person.ts";
export { listConnections } from "./list-connections.ts";
export { printKeyStatus, printSealingKey, resealStore } from "./sealing-keys.ts";
export { rotateSigningKey } from "./signing-keys.ts";
export { printUserToken, revokeUser } from "./users.ts";
export { listDeadEvents, listWebhooks, replayEvents, testWebhook } from "./webhooks.ts";
export { withConnectors, withServices } from "./with-services.ts";
