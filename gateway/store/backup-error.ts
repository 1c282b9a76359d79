/** A backup or a restore that did not come about; nothing has changed. The message says what to do. */
export class BackupError extends Error {
  override readonly name = "BackupError";
}
