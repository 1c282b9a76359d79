/** Preloaded into a gateway: notes in the file `FRESHNESS_NEWS` when news of which change arrive, right before they are taken in. */
import { EventEmitter } from "node:events";
import { appendFileSync } from "node:fs";
import pg from "pg";

const file = process.env["FRESHNESS_NEWS"] ?? "";

pg.Client.prototype.emit = function emit(name, ...values) {
  if (name === "notification") appendFileSync(file, `${process.hrtime.bigint()} ${values[0].payload}\n`);
  return EventEmitter.prototype.emit.call(this, name, ...values);
};
