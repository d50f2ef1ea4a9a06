import type { Snapshot } from '../../../src/model/snapshot.ts';
import { WINDOWS_SNAPSHOT } from '../../support/pages/snapshots.ts';
import { countFlows } from './count-flows.ts';
import { counter, course, restless } from './course.ts';
import { incoming, outgoing } from './flows.ts';

const IP = '10.1.0.7';
const IIS = { ip: IP, process: 'w3wp.exe', unit: 'W3SVC' };
const SYSTEM = { ip: IP, process: 'System', unit: 'unknown' };
const BACKUP = { ip: IP, process: 'Backup Agent.exe', unit: 'BackupAgent' };

const waiting = restless(course([360, 2100], [200, 3000], [0, 5200]), 0.03);
const clients = restless(course([360, 50], [0, 90]), 0.05);
const activeOpens = counter(1_402_117, (minute) => waiting(minute) / 30);
const passiveOpens = counter(866_904, (minute) => clients(minute) / 3);
const segments = counter(91_006_718, (minute) => 900 + 10 * clients(minute));
const resent = counter(
  40_212,
  restless(() => 4, 0.3),
);

/** A Windows host that does its work, with one burst that reused a port too soon. */
export function win1(minute: number): Snapshot {
  const requests = Math.round(clients(minute));
  return {
    ...WINDOWS_SNAPSHOT,
    sockets: countFlows({
      flows: [
        ...outgoing(IIS, { ip: '10.1.0.40', port: '1433' }, { established: 36, timeWait: waiting(minute) }),
        ...outgoing(BACKUP, { ip: '10.1.0.9', port: '8443' }, { closeWait: 1 }),
        ...incoming(SYSTEM, '443', '203.0.113.80', { established: requests, timeWait: requests * 2 }),
      ],
      listeners: [],
      range: { first: 49_152, last: 65_535, ports: 15_884 },
      heldAgainst: 'host',
      fds: WINDOWS_SNAPSHOT.sockets!.processFds!.cells,
    }),
    counters: {
      ...WINDOWS_SNAPSHOT.counters,
      activeOpens: activeOpens(minute),
      passiveOpens: passiveOpens(minute),
      outSegments: segments(minute),
      inSegments: segments(minute),
      retransmittedSegments: resent(minute),
    },
    portExhaustionEvents: { 4227: minute < 320 ? 3 : 5, 4231: 1 },
  };
}
