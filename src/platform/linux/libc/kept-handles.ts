import type { Libc } from './libc.ts';

/**
 * The same calls, but each descriptor they open is recorded in `slots` (descriptor + 1, 0 = free) until it is closed.
 * When the thread dies, Node does not know these descriptors; the owner of `slots` can then close them.
 *
 * The thread may die between two steps. A descriptor is recorded only after it is open, and removed before it is
 * closed, so that nobody closes a number that may belong to something else by now. One descriptor may leak.
 */
export function keepHandles(libc: Libc, slots: Int32Array): Libc {
  return {
    ...libc,
    socket: (...call) => note(libc.socket(...call)),
    open: (...call) => note(libc.open(...call)),
    close(fd) {
      const slot = slots.indexOf(fd + 1);
      if (slot >= 0) slots[slot] = 0;
      return libc.close(fd);
    },
  };

  function note(fd: number): number {
    const slot = fd < 0 ? -1 : slots.indexOf(0);
    if (slot >= 0) slots[slot] = fd + 1;
    return fd;
  }
}
