import { initial } from "./0001-initial.ts";
import type { Migration } from "./migrate.ts";

/** Every migration, in order. One that has been released is never edited: its checksum is in people's stores. */
export const migrations: readonly Migration[] = [initial];
