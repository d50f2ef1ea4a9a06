import { createDashboard } from '../frame.ts';
import { UIDS } from '../links.ts';
import { course } from './course.ts';
import { culprits } from './culprits.ts';
import { headline } from './headline.ts';

/** Opened from an alert: how bad is it, which process is it, where is it going. */
export function buildTriage() {
  return createDashboard({
    uid: UIDS.triage,
    title: 'TCP / Triage',
    description: 'Where to look first when a TCP alert fires: the worst host, the culprit, the trend.',
    from: 'now-3h',
    hasFilters: true,
    sections: [
      { panels: headline() },
      { title: 'Who it is', panels: culprits() },
      { title: 'How it started, and where it is going', panels: course() },
    ],
  });
}
