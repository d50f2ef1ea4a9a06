import type { NetnsIdentity } from '../../../model/netns.ts';
import { readOptionalLink } from '../procfs/proc-file.ts';
import type { KubeletLogs } from './kubelet-logs.ts';
import { parseInum } from './named-namespaces.ts';
import type { NamespaceProcess } from './namespace-processes.ts';
import type { CgroupIdentity } from './process-cgroup.ts';

/** Digits of a container's id as Docker and crictl print it. */
export const SHORT_ID = 12;

/** What is known of a namespace before its name is compared with those of the others. */
export type Wish = Omit<NetnsIdentity, 'netns'> & { readonly key: number; readonly wish: string };

/** One of its processes, and where that belongs; undefined = not known yet. */
export interface Member {
  readonly process: NamespaceProcess;
  readonly cgroup: CgroupIdentity | undefined;
}

/** Processes that can best tell for the namespace come first: one of a pod before one that only entered it (nsenter, ip netns exec). */
export function rankMembers(members: readonly Member[]): Member[] {
  const rank = ({ cgroup }: Member) => (cgroup?.podUid ? 2 : cgroup?.containerId ? 1 : 0);
  return [...members].sort((a, b) => rank(b) - rank(a) || a.process.pid - b.process.pid);
}

/**
 * Who a namespace is, in this order: pod, container, name in /run/netns, systemd unit, number. `members`: its processes, ranked; `name`: that
 * in /run/netns.
 */
export function describe(
  { key, members, inum }: Pick<Wish, 'key' | 'inum'> & { readonly members: readonly Member[] },
  name: string | undefined,
  kubelet: KubeletLogs,
): Wish {
  const { podUid = '', containerId, unit } = members[0]?.cgroup ?? {};
  const pod = podUid === '' ? undefined : kubelet.podOf(podUid);
  const wish =
    (pod && `${pod.namespace}/${pod.pod}`) ??
    (podUid === '' ? undefined : `pod${podUid}`) ??
    containerId?.slice(0, SHORT_ID) ??
    name ??
    (unit && outermost(unit)) ??
    String(inum ?? key);
  const { namespace = '', pod: podName = '' } = pod ?? {};
  return { key, wish, namespace, pod: podName, podUid, ...onlyContainer(members, podUid, kubelet.containerOf), inum };
}

/** The number in `net:[…]`, undefined without ptrace access to the process. */
export function readInum(folder: string): number | undefined {
  try {
    return parseInum(readOptionalLink(`${folder}/ns/net`) ?? '');
  } catch {
    return undefined; // it ended during the call
  }
}

/** A pod's sandbox has an id, but no log: a container is one that has a name, unless none has. */
function onlyContainer(
  members: readonly Member[],
  podUid: string,
  nameOf: (id: string) => string | undefined,
): Pick<NetnsIdentity, 'container' | 'containerId'> {
  const none = { container: '', containerId: '' };
  if (members.some(({ cgroup }) => cgroup === undefined)) return none;
  const own = members.filter(({ cgroup }) => (cgroup!.podUid ?? '') === podUid);
  const ids = [...new Set(own.flatMap(({ cgroup }) => cgroup!.containerId ?? []))];
  const named = ids.filter((id) => nameOf(id) !== undefined);
  const [id, ...more] = named.length > 0 ? named : ids;
  if (id === undefined || more.length > 0) return none;
  return { container: nameOf(id) ?? id.slice(0, SHORT_ID), containerId: id };
}

/** Of the units in an LXC or nspawn container (`web/nginx.service`) the container: they share its network. */
function outermost(unit: string): string {
  const end = unit.indexOf('/');
  return end <= 0 ? unit : unit.slice(0, end);
}
