export { createManualClock, type ManualClock, START } from "../../gateway/upstream-suite/manual-clock.ts";
