import { TcpState } from '../../model/tcp-state.ts';
import type { Notice, Platform, PlatformOptions, SocketReader, UnitResolver } from '../platform.ts';
import { createUnitResolver } from './cgroups/cgroups.ts';
import { createFactCollectors } from './facts.ts';
import { keepHandles } from './libc/kept-handles.ts';
import { type Libc, loadLibc } from './libc/libc.ts';
import { keepLargeArraysApart, trimMemory } from './libc/malloc.ts';
import { giveUpNetAdmin } from './net-admin.ts';
import { seesBoundSockets } from './netlink/bound-probe.ts';
import { ALL_SOCKETS, CLOSE_WAIT_AGES } from './netlink/dump-request.ts';
import { checkNetlink } from './netlink/netlink-probe.ts';
import { createSockDiagReader } from './netlink/sock-diag.ts';
import { describeCapabilities, hasOwnerCapabilities } from './notices.ts';
import { createOwnerResolver } from './owners/owners.ts';
import { readCapabilities } from './procfs/capabilities.ts';
import { createProcNetTcpReader } from './procfs/proc-net-tcp.ts';
import { createProgramPageDropper } from './program-pages.ts';

/** CLOSE_WAIT sockets whose age is read in one scrape; beyond that the counts of stuck ones are a lower bound. */
const MOST_AGES = 250_000;

interface SocketSources {
  readonly sockets: SocketReader;
  readonly closeWait?: SocketReader;
  readonly units?: UnitResolver;
  readonly notice: Notice;
  close(): void;
}

/**
 * Opens Linux: sockets by inet_diag, or from /proc/net/tcp where the kernel refuses that. The calling thread gives up a
 * capability, and the allocator of the process gets another setting.
 */
export function openLinuxPlatform(options: PlatformOptions): Platform {
  const libc = options.handles === undefined ? loadLibc() : keepHandles(loadLibc(), options.handles);
  keepLargeArraysApart(libc);
  giveUpNetAdmin(libc);
  const { isPrivileged, notices } = checkCapabilities(options);
  const sources = chooseSources(libc, options);
  const owners = createOwnerResolver(libc, {
    procfs: options.procfs,
    budgetMs: options.ownersBudgetMs,
    isPrivileged,
  });
  const dropProgramPages = createProgramPageDropper(libc, options.procfs);
  return {
    name: 'linux',
    ...sources,
    owners,
    facts: createFactCollectors(options),
    notices: [sources.notice, ...notices],
    trimMemory() {
      trimMemory(libc);
      dropProgramPages();
    },
  };
}

/** What they are is told and decides nothing but a reason: a file that cannot be read is not worth the thread. */
function checkCapabilities({ procfs, collectors }: PlatformOptions): {
  readonly isPrivileged: boolean;
  readonly notices: readonly Notice[];
} {
  try {
    const capabilities = readCapabilities(procfs);
    return {
      isPrivileged: hasOwnerCapabilities(capabilities),
      notices: describeCapabilities(capabilities, collectors),
    };
  } catch (error) {
    const message = `whether capabilities are missing is not known (${(error as Error).message}): sockets without a process are counted in tcpstate_unattributed_sockets{reason="permission"}`;
    return { isPrivileged: false, notices: [{ level: 'warn', message }] };
  }
}

function chooseSources(libc: Libc, options: PlatformOptions): SocketSources {
  const refusal = checkNetlink(libc);
  if (refusal !== undefined) return procfsSources(options, refusal);
  const sockets = createSockDiagReader(libc, ALL_SOCKETS);
  const closeWait = createSockDiagReader(libc, CLOSE_WAIT_AGES, MOST_AGES);
  const units = openUnits(options);
  return {
    sockets: tellUnseenStates(sockets, libc),
    closeWait,
    ...(units && { units }),
    notice: { level: 'info', message: 'sockets are read by inet_diag (sock_diag)' },
    close() {
      sockets.close();
      closeWait.close();
    },
  };
}

/** Asks the kernel when a scrape wants to know, until it has an answer: for that it takes a descriptor, which may not be had at start. */
function tellUnseenStates(reader: SocketReader, libc: Libc): SocketReader {
  let seesBound: boolean | undefined;
  return {
    ...reader,
    get unseenStates() {
      seesBound ??= seesBoundSockets(libc);
      return seesBound ? [] : [TcpState.bound, TcpState.close];
    },
  };
}

/** Where the mounts cannot be read now, each scrape tries again, and fails as long as they cannot. */
function openUnits(options: PlatformOptions): UnitResolver | undefined {
  try {
    return createUnitResolver(options);
  } catch {
    let opened: { readonly units: UnitResolver | undefined } | undefined;
    return {
      source: 'cgroupfs',
      nameOf(groupId) {
        opened ??= { units: createUnitResolver(options) };
        return opened.units?.nameOf(groupId);
      },
    };
  }
}

function procfsSources({ procfs }: PlatformOptions, refusal: string): SocketSources {
  return {
    sockets: { ...createProcNetTcpReader(procfs), unseenStates: [TcpState.bound] },
    notice: {
      level: 'warn',
      message: `inet_diag is refused (${refusal}): sockets are read from /proc/net/tcp, without accept queue limits, bound sockets, CLOSE_WAIT ages and units`,
    },
    close() {},
  };
}
