import type { NativePrograms } from '../native.ts';
import { type SocketFleet, startFleet } from '../socket-fleet.ts';
import { type Listeners, openListeners } from './listeners.ts';

/** What came and went. */
export interface Changes {
  readonly replacements: number;
  readonly fleets: number;
  readonly listeners: number;
}

export interface Churn {
  /** Ends the coming and going: what is there then stays, processes that have just come among it. */
  settle(): Promise<Changes>;
  quit(): Promise<void>;
}

const STAYING = { state: 'established', sockets: 5000, processes: 20, peers: 2000, name: 'stays' } as const;
const GUESTS = { sockets: 300, processes: 3, peers: 50, port: 9000 } as const;
const GUEST_STATES = ['established', 'close_wait', 'time_wait'] as const;
const REPLACE_EVERY_MS = 700;
const GUESTS_STAY_MS = 1500;
const LISTENERS_STAY_MS = 900;
/** Thousandths of the sockets that are replaced at once. */
const REPLACED = 100;

/** Lets sockets, processes and listeners come and go, each at a pace of its own, in the namespace of this thread. */
export async function startChurn(programs: NativePrograms): Promise<Churn> {
  const staying = await startFleet(programs.sockets, STAYING);
  const stopping = new AbortController();
  const signal = stopping.signal;
  let fleets = 0;
  const replacing = repeat(REPLACE_EVERY_MS, signal, () => staying.replace(REPLACED));
  const visiting = repeat(GUESTS_STAY_MS, signal, async () => {
    const guests = await startGuests(fleets++);
    return () => guests.quit();
  });
  const listening = repeat(LISTENERS_STAY_MS, signal, async () => {
    const listeners: Listeners = await openListeners();
    return listeners.close;
  });
  // A failure must not go unseen while the scrapes go on: settle() rethrows it.
  const all = Promise.allSettled([replacing, visiting, listening]);
  let last: SocketFleet | undefined;

  return {
    async settle() {
      stopping.abort();
      const failure = (await all).find((result) => result.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
      last = await startGuests(0);
      return { replacements: await replacing, fleets, listeners: await listening };
    },
    async quit() {
      await last?.quit();
      await staying.quit();
    },
  };

  function startGuests(number: number): Promise<SocketFleet> {
    const state = GUEST_STATES[number % GUEST_STATES.length]!;
    return startFleet(programs.sockets, { ...GUESTS, state, name: `guest${number % 7}` });
  }
}

/** Does something again and again, and undoes it after a while, until `signal` is given. Returns how often it was done. */
async function repeat(
  everyMs: number,
  signal: AbortSignal,
  act: () => Promise<(() => Promise<void>) | void>,
): Promise<number> {
  let times = 0;
  while (!signal.aborted) {
    const undo = await act();
    times++;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    await undo?.();
  }
  return times;
}
