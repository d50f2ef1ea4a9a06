import { createDashboard } from '../frame.ts';
import { UIDS } from '../links.ts';
import { closeWait } from './close-wait.ts';
import { limits } from './limits.ts';
import { listeners } from './listeners.ts';
import { now } from './now.ts';
import { ports } from './ports.ts';
import { sockets } from './sockets.ts';
import { traffic } from './traffic.ts';

/** Everything of one host (or of the few chosen). */
export function buildHost() {
  return createDashboard({
    uid: UIDS.host,
    title: 'TCP / Host',
    description: 'Everything the exporter knows of one host; choose it above.',
    from: 'now-3h',
    sections: [
      { panels: now() },
      { title: 'Ephemeral ports', panels: ports() },
      { title: 'Sockets', panels: sockets() },
      { title: 'CLOSE_WAIT', panels: closeWait() },
      { title: 'Listeners', panels: listeners() },
      { title: 'Traffic', panels: traffic() },
      { title: 'Limits and settings', panels: limits() },
    ],
  });
}
