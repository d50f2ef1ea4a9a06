import type { Namespaces } from '../../model/snapshot.ts';
import type { SocketTable } from '../../table/socket-table.ts';
import type { Notice, Platform, PlatformOptions } from '../platform.ts';
import { describeCapabilities, describeNamespaces, hasOwnerCapabilities } from './capability-notices.ts';
import { createCgroupView } from './cgroups/cgroup-view.ts';
import type { OpenedEvents } from './event-source.ts';
import { createFactCollectors } from './facts.ts';
import type { openKernelLinks as OpenKernelLinks } from './fd-sources.ts';
import { keepHandles } from './libc/kept-handles.ts';
import { type Libc, loadLibc } from './libc/libc.ts';
import { keepLargeArraysApart, trimMemory } from './libc/malloc.ts';
import { readInterfaceName } from './netlink/interface-name.ts';
import { TCPI_OPT_TIMESTAMPS, WITH_TCP_INFO } from './netlink/lookup-request.ts';
import type { SocketLookup } from './netlink/socket-lookup.ts';
import { describeKubeletLogs } from './netns/kubelet-logs.ts';
import { openNetns } from './netns-source.ts';
import type { EventNames } from './owners/event-names.ts';
import { createOwnerResolver } from './owners/owners.ts';
import { createProcessGroups } from './owners/process-groups.ts';
import { openProcessNames } from './process-naming.ts';
import { readCapabilities } from './procfs/capabilities.ts';
import { isInitialUserNamespace, readNamespaces } from './procfs/namespace.ts';
import { createPidList } from './procfs/process-list.ts';
import { chooseSources, type SocketSources } from './socket-sources.ts';

/** Sources in front of others. */
type AddSources = (libc: Libc, options: PlatformOptions, sources: SocketSources) => SocketSources;

/** What loads a program into the kernel, as far as the options allow it. */
interface KernelParts {
  readonly addWalk?: AddSources | undefined;
  readonly openKernelLinks?: typeof OpenKernelLinks | undefined;
  readonly openEvents?: ((names: EventNames | undefined) => OpenedEvents) | undefined;
}

/**
 * Opens Linux: reads sockets with `addWalk` from the kernel's own tables, by inet_diag where that is not possible, or from
 * /proc/net/tcp where the kernel refuses both. Also changes a setting of the process's memory allocator.
 */
export function openLinuxPlatform(
  options: PlatformOptions,
  { addWalk, openKernelLinks, openEvents }: KernelParts = {},
): Platform {
  const libc = options.handles === undefined ? loadLibc() : keepHandles(loadLibc(), options.handles);
  keepLargeArraysApart(libc);
  const namespaces = checkNamespaces(options);
  const seesAll = namespaces.isHostPid !== false;
  const { isPrivileged, notices } = checkCapabilities(options, seesAll);
  const chosen = chooseSources(libc, options);
  const { lookup, ...sources } = addWalk?.(libc, options, chosen) ?? chosen;
  const links = isPrivileged && seesAll ? openKernelLinks?.(libc, options.procfs) : undefined;
  const view = createCgroupView(options);
  const { names, nameEvents } = openProcessNames(libc, options, view);
  const ownerOptions = {
    names,
    ...(links && { links }),
    procfs: options.procfs,
    listPids: createPidList(options.procfs),
    budgetMs: options.ownersBudgetMs,
    isPrivileged,
    hasHiddenProcesses: !seesAll,
    isInitialUser: isInitialUserNamespace(),
  };
  const owners = createOwnerResolver(libc, {
    ...ownerOptions,
    lookup,
    groups: sources.units ? createProcessGroups(options.procfs, view) : undefined,
  });
  const events = openEvents?.(options.collectors.has('processes') ? nameEvents(owners, sources.units) : undefined);
  const netns = options.collectors.has('netns') ? openNetns(libc, options, sources, ownerOptions, view) : undefined;
  return {
    name: 'linux',
    ...sources,
    owners,
    nameProcesses: names.use,
    ...(lookup && { usesTimestamps: (table, row) => readUsesTimestamps(lookup, table, row) }),
    nameOfInterface: (index) => readInterfaceName(libc, index),
    facts: createFactCollectors(options),
    ...(netns && { netns }),
    ...(events && { events }),
    notices: [
      sources.notice,
      ...describeNamespaces(namespaces, options.collectors),
      ...notices,
      ...(links?.sourceReason
        ? [{ level: 'warn', message: `the processes of sockets are read from /proc: ${links.sourceReason}` } as const]
        : []),
      ...(netns ? describeKubeletLogs(options.kubeletLogs) : []),
    ],
    trimMemory: () => trimMemory(libc),
    close() {
      events?.close();
      links?.end?.();
      sources.close();
    },
  };
}

/** Capabilities only affect a log line and the `reason` label; failing to read them must not stop the thread. */
function checkCapabilities(
  { procfs, collectors }: PlatformOptions,
  seesAll: boolean,
): {
  readonly isPrivileged: boolean;
  readonly notices: readonly Notice[];
} {
  try {
    const capabilities = readCapabilities(procfs);
    return {
      isPrivileged: hasOwnerCapabilities(capabilities),
      notices: describeCapabilities(capabilities, collectors, seesAll, isInitialUserNamespace()),
    };
  } catch (error) {
    const message = `whether capabilities are missing is not known (${(error as Error).message}): sockets without a process are counted in tcpstate_unattributed_sockets{reason="permission"}`;
    return { isPrivileged: false, notices: [{ level: 'warn', message }] };
  }
}

/**
 * Namespaces only affect the `reason` label and a log line. What cannot be read is unknown; its collector reports why.
 */
function checkNamespaces({ procfs }: PlatformOptions): Namespaces {
  try {
    return readNamespaces(procfs);
  } catch {
    return {};
  }
}

/** Undefined for a connection that is gone, or if the kernel cannot be asked now. */
function readUsesTimestamps(lookup: SocketLookup, table: SocketTable, row: number): boolean | undefined {
  try {
    const options = lookup.lookUp(table, row, WITH_TCP_INFO)?.tcpOptions;
    return options === undefined ? undefined : (options & TCPI_OPT_TIMESTAMPS) !== 0;
  } catch {
    return undefined;
  } finally {
    lookup.close(); // few scrapes need its descriptor
  }
}
