/**
 * Runs the job once, with a pair of API keys for as long as it takes. An operator makes one pair and keeps it among the job's secrets.
 */
import { GATEWAY_URL, runCommand } from "../gateway.ts";
import { walkGroup } from "./job.ts";

const GROUP_ID = "acme";
const [, publishable = "", secret = ""] = /publishable\s+(\S+)\s+secret\s+(\S+)/.exec(runCommand("keys", "create", "--name", "job")) ?? [];
try {
  const walked = await walkGroup({ gatewayUrl: GATEWAY_URL, apiKey: { publishable, secret }, groupId: GROUP_ID });
  if (walked === 0) {
    runCommand("users", "token", "grace", "--group", GROUP_ID, "--name", "Grace");
    console.log(`The group ${GROUP_ID} has no connections yet. Sign in as Grace, who is in it, connect, and run this again:`);
    console.log(`  ${GATEWAY_URL}/sign-in?returnTo=/connectors/demo`);
  }
} finally {
  runCommand("keys", "revoke", publishable);
}
