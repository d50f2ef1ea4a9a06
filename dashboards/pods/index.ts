import { createDashboard } from '../frame.ts';
import { UIDS } from '../links.ts';
import { course } from './course.ts';
import { ranking } from './ranking.ts';
import { workloads } from './workloads.ts';

/** Pods, containers and units with a network of their own: which one stands out, and to what workload it belongs. */
export function buildPods() {
  return createDashboard({
    uid: UIDS.pods,
    title: 'TCP / Pods',
    description:
      'Every network namespace of the hosts but their own: pods, containers, and units with a network of their own.',
    from: 'now-3h',
    hasPods: true,
    sections: [
      { panels: ranking() },
      { title: 'How it started', panels: course() },
      { title: 'By workload (needs kube-state-metrics)', panels: workloads() },
    ],
  });
}
