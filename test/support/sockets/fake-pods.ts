import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A pod's uid, different for each number. */
export function uidOf(number: number): string {
  return `${number.toString(16).padStart(8, '0')}-1111-4222-8333-${number.toString(16).padStart(12, '0')}`;
}

export function containerIdOf(number: number): string {
  return number.toString(16).padStart(64, '0');
}

/** As the kubelet and containerd name it with systemd's driver. */
export function podCgroup(uid: string, containerId: string): string {
  return `/kubepods.slice/kubepods-burstable.slice/${podSlice(uid)}/cri-containerd-${containerId}.scope`;
}

/** The cgroups of one pod, parents first. */
export function podCgroups(uid: string, containerIds: readonly string[]): string[] {
  const slice = podSlice(uid);
  return [slice, ...containerIds.map((id) => `${slice}/cri-containerd-${id}.scope`)];
}

function podSlice(uid: string): string {
  return `kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`;
}

/** The kubelet's log folders of a pod, below `logs`. `containers`: id by name. */
export function addPodLogs(
  logs: string,
  { namespace, pod }: { readonly namespace: string; readonly pod: string },
  uid: string,
  containers: Readonly<Record<string, string>> = {},
): void {
  mkdirSync(join(logs, 'pods', `${namespace}_${pod}_${uid}`), { recursive: true });
  mkdirSync(join(logs, 'containers'), { recursive: true });
  for (const [name, id] of Object.entries(containers))
    writeFileSync(join(logs, 'containers', `${pod}_${namespace}_${name}-${id}.log`), '');
}
