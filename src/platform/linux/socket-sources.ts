import { TcpState } from '../../model/tcp-state.ts';
import type { Notice, PlatformOptions, SocketReader } from '../platform.ts';
import { type CgroupNames, createUnitResolver } from './cgroups/cgroups.ts';
import type { Libc } from './libc/libc.ts';
import { seesBoundSockets } from './netlink/bound-probe.ts';
import { ALL_SOCKETS, CHOSEN_PORTS, CLOSE_WAIT_AGES, LISTENER_DROPS } from './netlink/dump-request.ts';
import { checkNetlink } from './netlink/netlink-probe.ts';
import { createSockDiagReader } from './netlink/sock-diag.ts';
import { createSocketLookup, type SocketLookup } from './netlink/socket-lookup.ts';
import { createProcNetTcpReader } from './procfs/proc-net-tcp.ts';
import { CloseWaitClock } from './rows/close-wait-clock.ts';

/** CLOSE_WAIT sockets whose age is read in one scrape; beyond that the counts of stuck ones are a lower bound. */
const MOST_AGES = 250_000;

/** Where what is told of sockets comes from. */
export interface SocketSources {
  readonly sockets: SocketReader;
  readonly closeWait?: SocketReader;
  readonly chosenPorts?: SocketReader;
  readonly listenerDrops?: SocketReader;
  readonly units?: CgroupNames;
  readonly lookup?: SocketLookup;
  readonly sourceRejections?: Readonly<Record<string, number>>;
  readonly notice: Notice;
  betweenCollections?(): void;
  close(): void;
}

/** inet_diag, or /proc/net/tcp where the kernel refuses that or the options say so. */
export function chooseSources(libc: Libc, options: PlatformOptions): SocketSources {
  if (options.socketSource === 'procfs') return procfsSources(options, 'info', 'as the options say');
  const refusal = checkNetlink(libc);
  if (refusal !== undefined) return procfsSources(options, 'warn', `the kernel refuses inet_diag (${refusal})`);
  return sockDiagSources(libc, options);
}

function sockDiagSources(libc: Libc, options: PlatformOptions): SocketSources {
  const sockets = createSockDiagReader(libc, ALL_SOCKETS);
  const closeWait = createSockDiagReader(libc, CLOSE_WAIT_AGES, MOST_AGES, new CloseWaitClock());
  const chosenPorts = createSockDiagReader(libc, CHOSEN_PORTS);
  const listenerDrops = createSockDiagReader(libc, LISTENER_DROPS);
  const lookup = createSocketLookup(libc);
  const units = options.collectors.has('units') ? openCgroups(options) : undefined;
  return {
    sockets: tellUnseenStates(sockets, libc),
    closeWait,
    chosenPorts: closeAfterRead(chosenPorts),
    listenerDrops,
    ...(units && { units }),
    lookup,
    notice: { level: 'info', message: 'sockets are read by inet_diag (sock_diag)' },
    close() {
      sockets.close();
      closeWait.close();
      listenerDrops.close();
      lookup.close();
    },
  };
}

/** Few scrapes need its descriptor. */
export function closeAfterRead(reader: SocketReader & { close(): void }): SocketReader {
  return {
    source: reader.source,
    read(table, budget) {
      try {
        reader.read(table, budget);
      } finally {
        reader.close();
      }
    },
  };
}

/** Asks the kernel when a scrape wants to know, until it has an answer: for that it takes a descriptor, which may not be had at start. */
function tellUnseenStates(reader: SocketReader, libc: Libc): SocketReader {
  let seesBound: boolean | undefined;
  return {
    ...reader,
    get unsupportedStates() {
      seesBound ??= seesBoundSockets(libc);
      return seesBound ? [] : [TcpState.bound, TcpState.close];
    },
  };
}

/** Where the mounts cannot be read now, each scrape tries again, and fails as long as they cannot. */
export function openCgroups(options: PlatformOptions): CgroupNames | undefined {
  try {
    return createUnitResolver(options);
  } catch {
    let opened: { readonly cgroups: CgroupNames | undefined } | undefined;
    const open = () => {
      opened ??= { cgroups: createUnitResolver(options) };
      return opened.cgroups;
    };
    return {
      source: 'cgroupfs',
      nameOf: (groupId) => open()?.nameOf(groupId),
      pathOf: (groupId) => open()?.pathOf(groupId),
    };
  }
}

function procfsSources({ procfs }: PlatformOptions, level: Notice['level'], why: string): SocketSources {
  return {
    sockets: { ...createProcNetTcpReader(procfs), unsupportedStates: [TcpState.bound] },
    notice: {
      level,
      message: `${why}: sockets are read from /proc/net/tcp, without accept queue limits, bound sockets, CLOSE_WAIT ages and units`,
    },
    close() {},
  };
}
