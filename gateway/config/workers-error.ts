/** No worker serves, and none can be started. The message is the worker's own reason where it gave one. */
export class WorkersError extends Error {
  override readonly name = "WorkersError";
  /** What the gateway ends with: the worker's. */
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}
