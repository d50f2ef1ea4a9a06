import { createDashboard } from '../frame.ts';
import { UIDS } from '../links.ts';
import { course } from './course.ts';
import { culprits } from './culprits.ts';
import { headline } from './headline.ts';

/** Opened from an alert: is it bad, who is it, where does it go. */
export function buildTriage() {
  return createDashboard({
    uid: UIDS.triage,
    title: 'TCP / Triage',
    description: 'Where to look first when a TCP alert fires: the worst host, the culprit, the course of it.',
    from: 'now-3h',
    sections: [
      { panels: headline() },
      { title: 'Who it is', panels: culprits() },
      { title: 'How it came, and where it goes', panels: course() },
    ],
  });
}
