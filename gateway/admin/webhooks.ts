import { html } from "hono/html";
import { notFound } from "../../schema/errors.ts";
import { idSchema, parseInput } from "../../schema/input.ts";
import { ADMIN_PATH } from "../auth/cookies.ts";
import { type Html, redirectTo } from "../connect/page.ts";
import { type Backlog, listDead, readBacklog } from "../custody/outbox.ts";
import { replay } from "../custody/replay.ts";
import type { Webhook } from "../custody/webhook.ts";
import { explainOutcome } from "../custody/webhook-outcome.ts";
import type { Content } from "./page.ts";
import { renderAct, renderBadge, renderCallout, renderTable, renderTime } from "./parts.ts";
import type { Visit } from "./visit.ts";
import { COUNT_LIMIT, describeCount } from "./words.ts";

const PATH = `${ADMIN_PATH}/webhooks`;
/** Dead events of one webhook that are shown at most, the oldest. */
const SHOWN_DEAD = 50;

type DeadEvents = Awaited<ReturnType<typeof listDead>>;

/** `/admin/webhooks`: what each has not taken. */
export async function listWebhooks({ config, database, url }: Visit): Promise<Content> {
  const webhooks = await Promise.all(
    config.webhooks.map(async (webhook) => {
      const [backlog, dead] = await Promise.all([
        readBacklog(database.query, webhook.name, COUNT_LIMIT),
        listDead(database.query, webhook.name, SHOWN_DEAD),
      ]);
      return renderWebhook(webhook, backlog, dead);
    }),
  );
  const isDone = url.searchParams.get("done") === "replayed";
  return {
    title: "Webhooks",
    body: html`${isDone ? renderCallout("The events are queued to be sent again by a running gateway.", "good") : ""}
    ${webhooks.length > 0 ? webhooks : html`<p class="soft">No webhook is configured.</p>`}`,
  };
}

/** An address may hold a secret beside its host. */
function renderWebhook({ name, url, events }: Webhook, { pending, oldestAt, dead: count }: Backlog, dead: DeadEvents): Html {
  const since = oldestAt === null ? "" : html`, the oldest of <span>${renderTime(new Date(oldestAt))}</span>`;
  return html`<section aria-labelledby="webhook-${name}">
    <div class="row between">
      <h2 id="webhook-${name}">${name} <span class="soft">at ${new URL(url).host}</span></h2>
      ${count > 0 ? renderAct(replayPath(name), "Send all dead events again") : ""}
    </div>
    <ul class="chips">
      <li>${renderBadge(`${describeCount(pending)} pending`, pending > 0 ? "warn" : "good")}</li>
      <li>${renderBadge(`${describeCount(count)} dead`, count > 0 ? "bad" : "good")}</li>
    </ul>
    <p class="hint">It receives ${events.join(", ")}${since}.</p>
    ${count > 0 ? renderDead(name, dead) : ""}
  </section>`;
}

const replayPath = (name: string): string => `${PATH}/${name}/replay`;

const renderDead = (name: string, dead: DeadEvents): Html =>
  renderTable({
    caption: `Dead events of ${name}`,
    columns: ["Event", "Happened", "Attempts", "Outcome", ""],
    none: "",
    rows: dead.map(({ id, type, at, attempts, outcome }) => [
      html`${type}<span class="soft"><code>${id}</code></span>`,
      renderTime(new Date(at)),
      String(attempts),
      outcome === null ? "" : explainOutcome(outcome),
      renderAct(`${replayPath(name)}?event=${encodeURIComponent(id)}`, "Send again"),
    ]),
  });

/** `POST /admin/webhooks/:name/replay`: sends dead events again, or the one that `event` names. */
export async function replayEvents({ config, database, url, record }: Visit, name: string): Promise<Response> {
  const webhook = config.webhooks.find((one) => one.name === name);
  if (!webhook) throw notFound("No webhook has this name.");
  const id = url.searchParams.get("event");
  const which = id === null ? { dead: true as const } : { id: parseInput(idSchema, id, "event") };
  const count = await replay(database, webhook, which, database.clock.now());
  if (count === 0 && id !== null) throw notFound("No stored event has this id, or the webhook does not receive events of its type.");
  record({ action: "webhook.replay", details: { webhook: name, events: count } });
  return redirectTo(`${config.publicUrl}${PATH}?done=replayed`);
}
