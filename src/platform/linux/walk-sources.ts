import { TcpState } from '../../model/tcp-state.ts';
import type { PlatformOptions, SocketReader } from '../platform.ts';
import { readHz } from './bpf/jiffies.ts';
import { KernelWalk, openWalk, Table } from './bpf/kernel-walk.ts';
import { createWalkCheck } from './bpf/walk-check.ts';
import { guardReader, WalkGuard } from './bpf/walk-guard.ts';
import { createWalkReader, EVERY_SOCKET, type WalkQuery } from './bpf/walk-reader.ts';
import type { Libc } from './libc/libc.ts';
import { ALL_SOCKETS } from './netlink/dump-request.ts';
import { createSockDiagReader } from './netlink/sock-diag.ts';
import { CloseWaitClock } from './rows/close-wait-clock.ts';
import { closeAfterRead, type SocketSources } from './socket-sources.ts';

/**
 * The same sources with the walk in the kernel in front, if the options allow it, it can be loaded and it agrees with inet_diag.
 * Without inet_diag there is nothing to prove it by. That it cannot be loaded is a warning to those who asked for it.
 */
export function addWalk(libc: Libc, options: PlatformOptions, sources: SocketSources): SocketSources {
  const { socketSource = 'auto' } = options;
  if (sources.sockets.source !== 'sock_diag' || (socketSource !== 'auto' && socketSource !== 'bpf')) return sources;
  try {
    return openSources(libc, options, sources);
  } catch (error) {
    const message = `${sources.notice.message}; the kernel's own tables cannot be read, which takes CAP_BPF, CAP_PERFMON and Linux 6.4 (${(error as Error).message})`;
    return { ...sources, notice: { level: socketSource === 'bpf' ? 'warn' : 'info', message } };
  }
}

function openSources(libc: Libc, { procfs }: PlatformOptions, sources: SocketSources): SocketSources {
  const walk = new KernelWalk(openWalk());
  try {
    const hz = readHz(walk, procfs);
    const guard = new WalkGuard();
    const query = withoutUnseen(sources.sockets);
    const check = createWalkCheck(
      {
        makeWalk: (repeated) => createWalkReader(walk, { ...query, withHeldPorts: false }, hz, { repeated }),
        makeDump: (repeated) =>
          closeAfterRead(createSockDiagReader(libc, ALL_SOCKETS, Number.POSITIVE_INFINITY, undefined, repeated)),
        countSockets: () => countSockets(walk, query),
        now: () => performance.now(),
      },
      guard,
    );
    check.checkAtStart();
    const { notice } = sources;
    return {
      ...sources,
      sockets: guardReader(createWalkReader(walk, query, hz, { clock: new CloseWaitClock() }), sources.sockets, guard),
      sourceRejections: guard.rejections,
      notice:
        guard.reason === undefined
          ? { level: 'info', message: "sockets are read from the kernel's own tables (bpf)" }
          : { level: 'warn', message: `${notice.message}: ${guard.reason}` },
      betweenCollections: check.checkWhenDue,
      close() {
        walk.close();
        sources.close();
      },
    };
  } catch (error) {
    walk.close();
    throw error;
  }
}

/** What inet_diag does not show could not be compared, and would be on the page or not as capabilities come and go. */
function withoutUnseen({ unsupportedStates = [] }: SocketReader): WalkQuery {
  const { tables } = EVERY_SOCKET;
  return {
    ...EVERY_SOCKET,
    tables: tables.filter((table) => table !== Table.bound || !unsupportedStates.includes(TcpState.bound)),
  };
}

function countSockets(walk: KernelWalk, { tables, states }: WalkQuery): number {
  let sockets = 0;
  for (const table of tables) {
    walk.read(table, states, ({ length }) => {
      sockets += length;
    });
  }
  return sockets;
}
