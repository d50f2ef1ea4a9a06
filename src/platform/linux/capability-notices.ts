import type { CollectorName } from '../../model/collectors.ts';
import type { Namespaces } from '../../model/snapshot.ts';
import type { Notice } from '../platform.ts';
import type { Capabilities } from './procfs/capabilities.ts';

/**
 * Whether the descriptors of every process can be read: readdir() of /proc/PID/fd needs one capability, readlink() in
 * it the other.
 */
export function hasOwnerCapabilities({ sysPtrace, dacReadSearch }: Capabilities): boolean {
  return sysPtrace && dacReadSearch;
}

const WAYS_OUT =
  'to see their processes, give both to the service (systemd: AmbientCapabilities=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH); to do without, use --no-collector.processes';

/**
 * Which capabilities are missing, and what is unknown without them. `seesAll`: whether the exporter sees the processes
 * of the host at all.
 */
export function describeCapabilities(
  capabilities: Capabilities,
  collectors: ReadonlySet<CollectorName>,
  seesAll = true,
  isInitialUser = true,
): Notice[] {
  if (!collectors.has('processes')) return [];
  const missing = [
    ...(capabilities.sysPtrace ? [] : ['CAP_SYS_PTRACE']),
    ...(capabilities.dacReadSearch ? [] : ['CAP_DAC_READ_SEARCH']),
  ];
  if (missing.length === 0 && !seesAll) return [];
  if (missing.length === 0 && !isInitialUser)
    return [
      {
        level: 'warn',
        message: `CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH apply to this user namespace only: sockets of processes outside it count in tcpstate_unattributed_sockets{reason="permission"}; run the exporter in the host's (Docker: --userns=host, Kubernetes: hostUsers: true)`,
      },
    ];
  if (missing.length === 0)
    return [
      {
        level: 'info',
        message: 'CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH are available: sockets of all users show their process',
      },
    ];
  return [
    {
      level: 'warn',
      message: `${missing.join(' and ')} missing: sockets of other users' processes show process="unknown" and count in tcpstate_unattributed_sockets{reason="permission"}; ${WAYS_OUT}`,
    },
  ];
}

/** What the exporter does not see because it runs in a container, as far as it can tell. */
export function describeNamespaces(
  { isHostNetwork, isHostPid }: Namespaces,
  collectors: ReadonlySet<CollectorName>,
): readonly Notice[] {
  const notices: Notice[] = [];
  // an exporter for one network namespace is a normal deployment; missing owners are never wanted
  if (isHostNetwork === false && collectors.has('namespace'))
    notices.push({ level: 'info', message: NOT_HOST_NETWORK });
  if (isHostPid === false && collectors.has('processes')) notices.push({ level: 'warn', message: NOT_HOST_PID });
  return notices;
}

const NOT_HOST_NETWORK =
  "the exporter runs outside the host's network namespace: its sockets, settings and counters are not the host's; to see the host's, give it the host's network (Docker: --network=host, Kubernetes: hostNetwork); if this is meant, use --no-collector.namespace";
const NOT_HOST_PID =
  'the exporter sees only the processes of its own pid namespace: sockets of others show process="unknown" and count in tcpstate_unattributed_sockets{reason="pid_namespace"}; to see them, give it the host\'s pid namespace (Docker: --pid=host, Kubernetes: hostPID); to do without, use --no-collector.processes';
