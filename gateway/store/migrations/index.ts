import { initial } from "./0001-initial.ts";
import { perhapsRotated } from "./0002-perhaps-rotated.ts";
import { restoredBackups } from "./0003-restored-backups.ts";
import { attempts } from "./0004-attempts.ts";
import { rates } from "./0005-rates.ts";
import { keyIds } from "./0006-key-ids.ts";
import { tokenChecks } from "./0007-token-checks.ts";
import { rowMacs } from "./0008-row-macs.ts";
import { failingSince } from "./0009-failing-since.ts";
import { health } from "./0010-health.ts";
import { upstreamAttempts } from "./0011-upstream-attempts.ts";
import { leases } from "./0012-leases.ts";
import { statedValues } from "./0013-stated-values.ts";
import { grantTerms } from "./0014-grant-terms.ts";
import { accounts } from "./0015-accounts.ts";
import { tokenKinds } from "./0016-token-kinds.ts";
import { lists } from "./0017-lists.ts";
import { historyAndEvents } from "./0018-history-and-events.ts";
import { audit } from "./0019-audit.ts";
import { imports } from "./0020-imports.ts";
import { disabled } from "./0021-disabled.ts";
import { auditLists } from "./0022-audit-lists.ts";
import { operatorSessions } from "./0023-operator-sessions.ts";
import { deliveries } from "./0024-deliveries.ts";
import { connectorHealings } from "./0025-connector-healings.ts";
import type { Migration } from "./migrate.ts";

/** Every migration, in order. One that has been released is never edited: its checksum is in people's stores. */
export const migrations: readonly Migration[] = [
  initial,
  perhapsRotated,
  restoredBackups,
  attempts,
  rates,
  keyIds,
  tokenChecks,
  rowMacs,
  failingSince,
  health,
  upstreamAttempts,
  leases,
  statedValues,
  grantTerms,
  accounts,
  tokenKinds,
  lists,
  historyAndEvents,
  audit,
  imports,
  disabled,
  auditLists,
  operatorSessions,
  deliveries,
  connectorHealings,
];
