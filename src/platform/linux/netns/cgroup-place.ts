import type { CgroupPlace } from '../../../model/netns.ts';
import { podOfPath } from '../cgroups/pod-of-path.ts';
import { unitOfPath } from '../cgroups/unit-name.ts';
import type { KubeletLogs } from './kubelet-logs.ts';
import { SHORT_ID } from './netns-identity.ts';

/** The container that a cgroup belongs to, under the kubelet's name where that has one, else its unit. Undefined for the root, where everything may be. */
export function placeOf(path: string, kubelet: Pick<KubeletLogs, 'containerOf'>): CgroupPlace | undefined {
  if (path === '/') return undefined;
  const { containerId } = podOfPath(path);
  if (containerId === undefined) return { container: '', unit: unitOfPath(path) };
  return { container: kubelet.containerOf(containerId) ?? containerId.slice(0, SHORT_ID), unit: '' };
}
