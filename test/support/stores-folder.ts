import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";

const MEMORY = "/dev/shm";
/** The largest stores of tests fit several times. */
const ROOM_BYTES = 1_000_000_000;

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}

/** Where the SQLite files of tests are: in memory where there is room, as every commit waits for a disk. */
export const STORES_FOLDER = hasRoom(MEMORY) ? MEMORY : tmpdir();
