/** The pod and container that a cgroup path belongs to, by their ids. */
export interface PodAndContainer {
  readonly podUid: string | undefined;
  /** 64 hex digits. */
  readonly containerId: string | undefined;
}

/**
 * The kubelet names a pod's cgroup after its uid, with `_` for `-` where systemd makes it. A static pod has the hash of its file instead of
 * a UUID. The outermost counts: a container to which its cgroup was delegated can make others below, named as it likes.
 */
const POD = /(?:^|[/-])pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?=[/:]|$)/;
/** As in unit-name.ts, with all digits. */
const CONTAINER = /(?:^|[/:_-])([0-9a-f]{64})(?:\.scope)?(?=\/|$)/g;
const CONMON = /conmon-$/;

/** In a pod its own container, outside of pods the innermost one, as for units. */
export function podOfPath(path: string): PodAndContainer {
  const pod = POD.exec(path);
  const within = pod === null ? path : path.slice(pod.index + pod[0].length);
  const ids = [...within.matchAll(CONTAINER)]
    .filter(({ index, 1: id }) => !CONMON.test(within.slice(0, within.indexOf(id!, index))))
    .map(([, id]) => id!);
  return pod === null
    ? { podUid: undefined, containerId: ids.at(-1) }
    : { podUid: pod[1]!.replaceAll('_', '-'), containerId: ids[0] };
}
