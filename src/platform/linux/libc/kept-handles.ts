import type { Libc } from './libc.ts';

/**
 * The same calls, with every descriptor they open noted in `slots` (descriptor + 1, 0 = free) until it is closed. When the
 * thread dies, nobody else knows of descriptors that Node has not opened; whoever shares `slots` can close them then.
 *
 * It may die between two steps: a descriptor is noted only once it is open and forgotten before it is closed, so that
 * none is ever closed that may be somebody else's by now. One may be lost.
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
