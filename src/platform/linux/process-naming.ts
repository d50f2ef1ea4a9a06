import type { PlatformOptions } from '../platform.ts';
import type { CgroupView } from './cgroups/cgroup-view.ts';
import type { Libc } from './libc/libc.ts';
import { createKubeletLogs } from './netns/kubelet-logs.ts';
import { SHORT_ID } from './netns/netns-identity.ts';
import { parseProcessCgroup } from './netns/process-cgroup.ts';
import { createCommandLineReader } from './owners/command-line.ts';
import { createEventNames, type EventNames, type EventSources } from './owners/event-names.ts';
import { createCgroupIdReader } from './owners/process-groups.ts';
import {
  createProcessNames,
  type KnownProcesses,
  type ProcessNames,
  type ProcessPlace,
} from './owners/process-names.ts';
import { readWhole } from './procfs/proc-file.ts';
import type { SocketSources } from './socket-sources.ts';

type KnownOwners = Pick<EventSources, 'recheck'> & { readonly records: KnownProcesses };

/** What processes of every network namespace are called, and who opened and closed connections: as the kernel calls them until rules come. */
export function openProcessNames(
  libc: Libc,
  options: PlatformOptions,
  view: CgroupView,
): {
  readonly names: ProcessNames;
  readonly nameEvents: (owners: KnownOwners, units: SocketSources['units']) => EventNames;
} {
  const { procfs, kubeletLogs } = options;
  const kubelet = createKubeletLogs(kubeletLogs);
  const names = createProcessNames({
    readArguments: createCommandLineReader(libc, procfs),
    readPlace: (folder) => placeOf(view.fromTop(readCgroup(procfs, folder))),
  });
  return { names, nameEvents };

  function nameEvents({ records, recheck }: KnownOwners, units: SocketSources['units']): EventNames {
    const readCgroupId = createCgroupIdReader(procfs, view);
    return createEventNames(names, {
      records: () => records,
      recheck,
      readCgroupId: (pid) => readCgroupId(pid) ?? 0n,
      placeOfCgroup(id) {
        try {
          const path = units?.pathOf(id);
          return path === undefined ? undefined : placeOf(`0::${path}`);
        } catch {
          return undefined; // the collector of units says why
        }
      },
    });
  }

  /** `text`: as in /proc/PID/cgroup. */
  function placeOf(text: string): ProcessPlace {
    const { unit = '', containerId } = parseProcessCgroup(text);
    if (containerId === undefined) return { unit, container: '' };
    kubelet.startScrape(performance.now());
    return { unit, container: kubelet.containerOf(containerId) ?? containerId.slice(0, SHORT_ID) };
  }
}

/** Empty of a process that has ended. */
function readCgroup(procfs: string, folder: string): string {
  try {
    return readWhole(`${procfs}/${folder}/cgroup`);
  } catch {
    return '';
  }
}
