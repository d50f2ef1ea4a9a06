import { TcpState } from '../../model/tcp-state.ts';
import type { Notice, Platform, PlatformOptions, SocketReader, UnitResolver } from '../platform.ts';
import { seesBoundSockets } from './bound-probe.ts';
import { createUnitResolver } from './cgroups.ts';
import { createFactCollectors } from './facts.ts';
import { ALL_SOCKETS, CLOSE_WAIT_AGES } from './inet-diag.ts';
import { type Libc, loadLibc } from './libc.ts';
import { checkNetlink } from './netlink-probe.ts';
import { describeCapabilities, hasOwnerCapabilities } from './notices.ts';
import { createOwnerResolver } from './owners.ts';
import { createProcNetTcpReader } from './proc-net-tcp.ts';
import { createSockDiagReader } from './sock-diag.ts';
import { readCapabilities } from './status.ts';

/** CLOSE_WAIT sockets whose age is read in one scrape; beyond that the counts of stuck ones are a lower bound. */
const MOST_AGES = 250_000;

interface SocketSources {
  readonly sockets: SocketReader;
  readonly closeWait?: SocketReader;
  readonly units?: UnitResolver;
  readonly notice: Notice;
  close(): void;
}

/** Opens Linux: sockets by inet_diag, or from /proc/net/tcp where the kernel refuses that. */
export function openLinuxPlatform(options: PlatformOptions): Platform {
  const libc = loadLibc();
  const capabilities = readCapabilities(options.procfs);
  const sources = chooseSources(libc, options);
  const owners = createOwnerResolver(libc, {
    procfs: options.procfs,
    budgetMs: options.ownersBudgetMs,
    isPrivileged: hasOwnerCapabilities(capabilities),
  });
  return {
    name: 'linux',
    ...sources,
    owners,
    facts: createFactCollectors(options),
    notices: [sources.notice, ...describeCapabilities(capabilities, options.collectors)],
  };
}

function chooseSources(libc: Libc, options: PlatformOptions): SocketSources {
  const refusal = checkNetlink(libc);
  if (refusal !== undefined) return procfsSources(options, refusal);
  const sockets = createSockDiagReader(libc, ALL_SOCKETS);
  const closeWait = createSockDiagReader(libc, CLOSE_WAIT_AGES, MOST_AGES);
  const units = createUnitResolver(options);
  return {
    sockets: seesBoundSockets(libc) ? sockets : { ...sockets, unseenStates: [TcpState.bound, TcpState.close] },
    closeWait,
    ...(units && { units }),
    notice: { level: 'info', message: 'sockets are read by inet_diag (sock_diag)' },
    close() {
      sockets.close();
      closeWait.close();
    },
  };
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
