import { setTimeout as delay } from 'node:timers/promises';
import { type Cells, cellKey } from '../pages/expected-cells.ts';
import type { ParsedFamily } from '../pages/exposition-parser.ts';
import type { MadeSocket } from './every-socket.ts';
import { readSs, type SsSocket } from './ss.ts';

const TRIES = 20;

/** Pages and what `ss` saw before and after them, which was the same. */
export interface AgreedMoment<Page> {
  readonly page: Page;
  readonly sockets: readonly SsSocket[];
}

/**
 * Takes a page while nothing changes: `ss` shows the same sockets and queues before and after it. Tries again when
 * something did change.
 */
export async function takePageInQuiet<Page>(takePage: () => Promise<Page>): Promise<AgreedMoment<Page>> {
  for (let attempt = 1; ; attempt++) {
    const before = readSs();
    const page = await takePage();
    const after = readSs();
    const difference = differenceOf(before.map(describeAll), after.map(describeAll));
    if (difference.length === 0) return { page, sockets: before };
    if (attempt === TRIES) throw new Error(`sockets change all the time: ${difference.join('; ')}`);
    await delay(100);
  }
}

/** Waits until `ss` shows exactly the expected sockets besides those of `isOurs`; throws with the difference if it never does. */
export async function waitForSs(
  expected: readonly MadeSocket[],
  isOurs: (socket: SsSocket) => boolean,
  read: () => readonly SsSocket[] = readSs,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const seen = read().filter((socket) => !isOurs(socket));
    const difference = differenceOf(expected.map(describeSocket), seen.map(describeSocket));
    if (difference.length === 0) return;
    if (attempt === TRIES) throw new Error(`ss shows other sockets than were made: ${difference.join('; ')}`);
    await delay(100);
  }
}

/** Cells of some metrics of a page, zeros left out. */
export function cellsOfPage(page: ReadonlyMap<string, ParsedFamily>, metrics: readonly string[]): Cells {
  return Object.fromEntries(
    metrics.map((metric) => [
      metric,
      Object.fromEntries(
        (page.get(metric)?.samples ?? [])
          .filter(({ value }) => value !== 0)
          .map(({ labels, value }) => [cellKey(labels), value]),
      ),
    ]),
  );
}

function describeSocket({ family, state, localIp, localPort, remoteIp, remotePort }: MadeSocket): string {
  return `${state} ${family} ${localIp} ${localPort} ${remoteIp} ${remotePort}`;
}

/** The queues of other sockets move while a page is under way. */
function describeAll(socket: SsSocket): string {
  const queues = socket.state === 'listen' ? `${socket.receiveQueue} ${socket.sendQueue}` : '';
  return `${describeSocket(socket)} ${queues} ${socket.process}`;
}

/** What only one of two lists has, as often as it has it more: `-` the first, `+` the second. */
function differenceOf(first: readonly string[], second: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of first) counts.set(text, (counts.get(text) ?? 0) - 1);
  for (const text of second) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].filter(([, count]) => count !== 0).map(([text, count]) => `${count > 0 ? '+' : '-'} ${text}`);
}
