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
    const token = runCommand("users", "token", "grace", "--group", GROUP_ID, "--name", "Grace");
    console.log(`Nobody of the group ${GROUP_ID} has connected yet. Sign in as Grace, connect, and run this again:`);
    console.log(`  ${GATEWAY_URL}/sign-in?token=${token}`);
    console.log(`  ${GATEWAY_URL}/connect/demo`);
  }
} finally {
  runCommand("keys", "revoke", publishable);
}
