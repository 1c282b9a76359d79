import type { Socket } from "node:net";

/** A process that connections are handed to. */
export interface Receiver {
  give(connection: number, socket: Socket): void;
}

/** Hands connections to the receiver with the fewest. None is lost with a receiver that ends before it has taken it. */
export interface Distribution {
  add(socket: Socket): void;
  /** The receiver is given connections from now on. */
  join(receiver: Receiver): void;
  /** It is given no more. Those that it was given and has not taken are still its own. */
  leave(receiver: Receiver): void;
  /** It has ended: what it has not taken goes to the others. */
  end(receiver: Receiver): void;
  /** The receiver has a connection, and has read nothing of it yet. */
  take(receiver: Receiver, connection: number, open: number): void;
  /** So many are open in it, by its own count. */
  count(receiver: Receiver, open: number): void;
  /** Resolves once every connection is taken. */
  settled(): Promise<void>;
}

/** A receiver that has not taken a connection for so long answers nothing at the moment: others are given what comes. In milliseconds. */
export const STUCK_AFTER_MS = 1_000;

interface Untaken {
  socket: Socket;
  givenAt: number;
}

interface Share {
  open: number;
  /** The one that was given first comes first. */
  untaken: Map<number, Untaken>;
  isLeaving: boolean;
  /** The number of the connection that it was given last. */
  last: number;
}

/**
 * @param maximum Connections of one receiver, those that it has not taken yet among them. One more is closed. As many wait while there is
 * no receiver.
 * @param now In milliseconds, from any instant on.
 */
export function createDistribution(maximum: number, now: () => number = () => performance.now()): Distribution {
  const shares = new Map<Receiver, Share>();
  const waiting: Socket[] = [];
  const listeners = new Set<() => void>();
  let last = 0;

  const sizeOf = ({ open, untaken }: Share) => open + untaken.size;
  const isStuck = ({ untaken }: Share) => {
    const [oldest] = untaken.values();
    return oldest !== undefined && now() - oldest.givenAt >= STUCK_AFTER_MS;
  };
  const isSettled = () => waiting.length === 0 && [...shares.values()].every(({ untaken }) => untaken.size === 0);
  const tellSettled = () => {
    if (listeners.size > 0 && isSettled()) for (const listener of listeners) listener();
  };

  /** The one with the fewest, and of several the one that was given one the longest ago. One that is stuck where all are. */
  function choose(): [Receiver, Share] | null {
    let chosen: [Receiver, Share] | null = null;
    const staying = [...shares].filter(([, { isLeaving }]) => !isLeaving);
    const taking = staying.filter(([, share]) => !isStuck(share));
    for (const [receiver, share] of taking.length > 0 ? taking : staying) {
      const lead = chosen ? sizeOf(share) - sizeOf(chosen[1]) || share.last - chosen[1].last : -1;
      if (lead < 0) chosen = [receiver, share];
    }
    return chosen;
  }

  function add(socket: Socket): void {
    const chosen = choose();
    if ((chosen ? sizeOf(chosen[1]) : waiting.length) >= maximum) return void socket.destroy();
    if (!chosen) return void waiting.push(socket);
    const [receiver, share] = chosen;
    share.last = last += 1;
    share.untaken.set(last, { socket, givenAt: now() });
    receiver.give(last, socket);
  }

  return {
    add(socket) {
      // Nothing is read of it here, and its receiver has errors of its own.
      socket.on("error", () => {});
      add(socket);
    },
    join(receiver) {
      shares.set(receiver, { open: 0, untaken: new Map(), isLeaving: false, last });
      for (const socket of waiting.splice(0)) add(socket);
    },
    leave(receiver) {
      const share = shares.get(receiver);
      if (share) share.isLeaving = true;
    },
    end(receiver) {
      const share = shares.get(receiver);
      shares.delete(receiver);
      for (const { socket } of share?.untaken.values() ?? []) add(socket);
      tellSettled();
    },
    take(receiver, connection, open) {
      const share = shares.get(receiver);
      if (!share) return;
      share.open = open;
      // The receiver has its own copy: this only closes the primary's.
      share.untaken.get(connection)?.socket.destroy();
      share.untaken.delete(connection);
      tellSettled();
    },
    count(receiver, open) {
      const share = shares.get(receiver);
      if (share) share.open = open;
    },
    settled: () =>
      new Promise((resolve) => {
        if (isSettled()) resolve();
        else listeners.add(resolve);
      }),
  };
}
