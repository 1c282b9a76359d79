/** Preloaded into a process: its clock is wrong by `TORTURE_CLOCK_SKEW_MS`, for `Date` alone. */
const skewMs = Number(process.env["TORTURE_CLOCK_SKEW_MS"] ?? 0);
const RightDate = Date;
const now = () => RightDate.now() + skewMs;

if (skewMs !== 0)
  globalThis.Date = new Proxy(RightDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new RightDate(now()).toString(),
    get: (target, name, receiver) => (name === "now" ? now : Reflect.get(target, name, receiver)),
  });
