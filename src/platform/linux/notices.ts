import type { CollectorName } from '../../model/collectors.ts';
import type { Notice } from '../platform.ts';
import type { Capabilities } from './procfs/capabilities.ts';

/** Whether the descriptors of every process can be read: readdir() of /proc/PID/fd needs one capability, readlink() in it the other. */
export function hasOwnerCapabilities({ sysPtrace, dacReadSearch }: Capabilities): boolean {
  return sysPtrace && dacReadSearch;
}

const WAYS_OUT =
  'to see their processes give both to the service (systemd: AmbientCapabilities=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH), to do without use --no-collector.processes';

/** Which capabilities are missing and what that costs. */
export function describeCapabilities(capabilities: Capabilities, collectors: ReadonlySet<CollectorName>): Notice[] {
  if (!collectors.has('processes')) return [];
  const missing = [
    ...(capabilities.sysPtrace ? [] : ['CAP_SYS_PTRACE']),
    ...(capabilities.dacReadSearch ? [] : ['CAP_DAC_READ_SEARCH']),
  ];
  if (missing.length === 0)
    return [
      {
        level: 'info',
        message: 'CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH are there: sockets of all users get their process',
      },
    ];
  return [
    {
      level: 'warn',
      message: `${missing.join(' and ')} missing: sockets of other users' processes show process="unknown" and are counted in tcpstate_unattributed_sockets{reason="permission"}; ${WAYS_OUT}`,
    },
  ];
}
