import type { IncomingMessage, ServerResponse } from "node:http";
import type { Grants, IssuedTokens, TestAccount } from "./grants.ts";
import { readParams, sendJson } from "./server-io.ts";
import { isAuthenticated, type TokenEndpoint } from "./token-endpoint.ts";

interface Device {
  readonly scopes: readonly string[];
  readonly expiresAtMs: number;
  /** An account that has agreed, or why there is none. */
  outcome: TestAccount | "authorization_pending" | "access_denied" | "expired_token";
  lastAskedAtMs: number;
}

/** What the next answers to `POST /device` are instead: members over the usual ones, or another answer. */
export type DeviceAnswer = { readonly answer: Record<string, unknown> } | { readonly status: number; readonly body: object };

/** Codes that wait for their users (RFC 8628). */
export interface Devices {
  /** The person enters the last code, and agrees. */
  approve(): void;
  deny(): void;
  /** All codes end before their time. */
  expire(): void;
  /** For the next requests, in order. */
  next(...answers: DeviceAnswer[]): void;
  /** The seconds between two questions, below which the server says `slow_down`. Null: it does not look. Default null. */
  leastIntervalSeconds: number | null;
  /** Parameters of the requests so far, without the secret. */
  readonly requests: Readonly<Record<string, string>>[];
}

interface Memory {
  readonly devices: Map<string, Device>;
  readonly answers: DeviceAnswer[];
  readonly requests: Record<string, string>[];
}

const EXPIRES_IN_SECONDS = 900;

/** Codes of an authorization server whose people agree when the test says so. */
export function createDevices(grants: Grants, account: () => TestAccount, now: () => number) {
  const memory: Memory = { devices: new Map(), answers: [], requests: [] };
  const last = () => [...memory.devices.values()].at(-1);
  const settle = (outcome: Device["outcome"]) => {
    const device = last();
    if (!device) throw new Error("No code was asked for.");
    device.outcome = outcome;
  };
  const controls: Devices = {
    approve: () => settle(account()),
    deny: () => settle("access_denied"),
    expire: () => memory.devices.forEach((device) => (device.outcome = "expired_token")),
    next: (...answers) => void memory.answers.push(...answers),
    leastIntervalSeconds: null,
    requests: memory.requests,
  };

  /** RFC 8628 section 3.5. */
  function redeem(deviceCode: string): IssuedTokens | string {
    const device = memory.devices.get(deviceCode);
    if (!device) return "invalid_grant";
    const sinceMs = now() - device.lastAskedAtMs;
    device.lastAskedAtMs = now();
    if (controls.leastIntervalSeconds !== null && sinceMs < controls.leastIntervalSeconds * 1000) return "slow_down";
    if (device.expiresAtMs <= now()) return "expired_token";
    if (typeof device.outcome === "string") return device.outcome;
    memory.devices.delete(deviceCode);
    return grants.issueTokens(device.outcome, device.scopes);
  }

  /** RFC 8628 section 3.2. */
  async function answerRequest({ client }: TokenEndpoint, url: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const params = await readParams(request);
    const { client_secret: _secret, ...shown } = params;
    memory.requests.push(shown);
    const ordered = memory.answers.shift();
    if (ordered && "status" in ordered) return sendJson(response, ordered.status, ordered.body);
    if (!isAuthenticated(client, request, params)) return sendJson(response, 401, { error: "invalid_client" });
    const deviceCode = `device_${memory.devices.size}_${Math.random().toString(36).slice(2).padEnd(20, "x")}`;
    grants.issuedSecrets.add(deviceCode);
    const scopes = (params["scope"] ?? "").split(" ").filter((scope) => scope !== "");
    const expiresAtMs = now() + EXPIRES_IN_SECONDS * 1000;
    memory.devices.set(deviceCode, { scopes, expiresAtMs, outcome: "authorization_pending", lastAskedAtMs: now() });
    sendJson(response, 200, {
      device_code: deviceCode,
      user_code: "WDJB-MJHT",
      verification_uri: `${url}/enter`,
      verification_uri_complete: `${url}/enter?user_code=WDJB-MJHT`,
      expires_in: EXPIRES_IN_SECONDS,
      interval: 5,
      ...ordered?.answer,
    });
  }

  return { controls, redeem, answerRequest };
}

export type DeviceCodes = ReturnType<typeof createDevices>;
