import { createDashboard } from '../frame.ts';
import { UIDS } from '../links.ts';
import { changes } from './changes.ts';
import { ranking } from './ranking.ts';

/** Many hosts at once: which one stands out, what changed. */
export function buildFleet() {
  return createDashboard({
    uid: UIDS.fleet,
    title: 'TCP / Fleet',
    description: 'Many hosts at once: ranking, outliers, changed settings, versions. Needs the recording rules.',
    from: 'now-6h',
    sections: [{ panels: ranking() }, { title: 'Differences and changes', panels: changes() }],
  });
}
