import type { NetnsCell, NetnsCounts, NetnsNumbers } from '../../../src/model/netns.ts';
import { NETNS } from '../../support/pages/netns-counts.ts';
import { counter, course, restless } from './course.ts';

/** Connections per second that a pod opens to a service without a pool: below what one destination sustains, and rising. */
const opened = restless(course([360, 40], [120, 60], [60, 330], [0, 345]), 0.01);
const activeOpens = counter(4_120_771, opened);
const fails = counter(318, course([360, 0], [60, 0.1], [0, 0.4]));
const sent = counter(61_204_118, (minute) => 20 * opened(minute));
const sentAgain = counter(12_077, (minute) => 0.1 * opened(minute));
const accepted = counter(30_418, () => 4);
const answered = counter(402_331, () => 30);

/** The pods of the host that runs out of ports: one has the same illness, its ports are its own. */
export function podsOfWeb1(minute: number): NetnsCounts {
  const [checkout, container, service] = NETNS.cells as unknown as [NetnsCell, NetnsCell, NetnsCell];
  const busy: NetnsNumbers = {
    ...checkout.numbers,
    timeWait: Math.round(60 * opened(minute)),
    activeOpens: activeOpens(minute),
    attemptFails: fails(minute),
    outSegments: sent(minute),
    retransmittedSegments: sentAgain(minute),
  };
  const quiet = { ...container.numbers, passiveOpens: accepted(minute), outSegments: answered(minute) };
  return { ...NETNS, cells: [{ ...checkout, numbers: busy }, { ...container, numbers: quiet }, service] };
}
