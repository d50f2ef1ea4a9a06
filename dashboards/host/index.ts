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
    description: 'Everything the exporter knows about one host; choose it above.',
    from: 'now-3h',
    hasFilters: true,
    sections: [
      { panels: now() },
      { title: 'Ephemeral ports', panels: ports() },
      { title: 'Sockets', panels: sockets(), isCollapsed: true },
      { title: 'CLOSE_WAIT', panels: closeWait(), isCollapsed: true },
      { title: 'Listeners', panels: listeners(), isCollapsed: true },
      { title: 'Traffic', panels: traffic(), isCollapsed: true },
      { title: 'Limits and settings', panels: limits(), isCollapsed: true },
    ],
  });
}
