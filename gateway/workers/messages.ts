/** What a primary and its workers tell each other, checked as all that comes from outside of a process. */
import { z } from "zod";
import { metricsSnapshotSchema } from "../runtime/metrics-snapshot.ts";

const count = z.int().nonnegative();

/** Milliseconds of a limit's window that were counted, by key. */
const countsSchema = z.array(z.object({ key: z.string(), ms: z.number() }));

/** As the primary read it: all workers have the same configuration, also once the file has changed. */
const fileSchema = z
  .union([z.object({ path: z.string(), text: z.string() }), z.object({ path: z.string(), problem: z.string() })])
  .nullable();

/** What a worker needs before it starts. Its environment is the primary's. */
const startSchema = z.object({
  type: z.literal("start"),
  /** Where the primary listens, or will. */
  port: z.int(),
  file: fileSchema,
});

export const toWorkerSchema = z.discriminatedUnion("type", [
  startSchema,
  /** Comes with a socket. */
  z.object({ type: z.literal("connection"), connection: count }),
  z.object({ type: z.literal("serving"), serving: count, wanted: count }),
  /** The port is open: a developer is told what to do next. */
  z.object({ type: z.literal("greet") }),
  /** The configuration file has changed. */
  z.object({ type: z.literal("reload"), file: fileSchema }),
  z.object({ type: z.literal("drain") }),
  z.object({ type: z.literal("finish") }),
  z.object({ type: z.literal("hurry") }),
  /** Questions to a worker. */
  z.object({ type: z.literal("share"), question: count, counts: countsSchema }),
  z.object({ type: z.literal("measure"), question: count }),
  z.object({ type: z.literal("answer"), question: count, value: z.unknown() }),
]);
export type ToWorker = z.input<typeof toWorkerSchema>;
export type Start = z.output<typeof startSchema>;

export const toPrimarySchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready") }),
  /** It cannot start. */
  z.object({ type: z.literal("failed"), reason: z.string(), exitCode: z.int() }),
  /** It has a connection, and so many are open in it. */
  z.object({ type: z.literal("taken"), connection: count, open: count }),
  z.object({ type: z.literal("open"), open: count }),
  /** It ends by itself: it takes what it was sent, and is sent no more. */
  z.object({ type: z.literal("leaving") }),
  /** It can share rates with other gateways. */
  z.object({ type: z.literal("shares") }),
  /** Questions to the primary. */
  z.object({ type: z.literal("consume"), question: count, key: z.string(), count: z.number(), seconds: z.number() }),
  z.object({ type: z.literal("collect"), question: count }),
  z.object({
    type: z.literal("acquire"),
    question: count,
    limit: z.enum(["subscriptions", "sockets"]),
    holder: z.string(),
    maximum: count,
  }),
  /** What was acquired by this question. */
  z.object({ type: z.literal("release"), acquired: count }),
  z.object({ type: z.literal("answer"), question: count, value: z.unknown() }),
]);
export type ToPrimary = z.input<typeof toPrimarySchema>;

/** The answers. Null: there is none. */
export const retryAfterSchema = z.number().nullable();
export const acquiredSchema = z.boolean();
export const snapshotSchema = metricsSnapshotSchema.nullable();
export const snapshotsSchema = z.array(metricsSnapshotSchema);
/** How long each key takes to drain, in milliseconds: the clocks of the two processes need not agree. */
export const drainingSchema = z.array(z.object({ key: z.string(), ms: z.number() })).nullable();
