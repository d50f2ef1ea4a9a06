import type { TestContext } from 'node:test';
import { createNamespaceCounting } from '../../../src/collector/counting-namespaces.ts';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import type { NetnsCounts } from '../../../src/model/netns.ts';
import type { NetnsSockets } from '../../../src/model/netns-sockets.ts';
import { stateLabel } from '../../../src/model/tcp-state.ts';
import { readHz } from '../../../src/platform/linux/bpf/jiffies.ts';
import { KernelWalk, loadWalk } from '../../../src/platform/linux/bpf/kernel-walk.ts';
import { createWalkReader, EVERY_SOCKET } from '../../../src/platform/linux/bpf/walk-reader.ts';
import type { ScrapeBudget } from '../../../src/platform/platform.ts';
import { OtherNamespaces } from '../../../src/table/other-namespaces.ts';
import { SocketTable } from '../../../src/table/socket-table.ts';

/** Reads sockets of all network namespaces by the walk in the kernel, and counts them under the numbers of the namespaces named. */
export function createOtherReader(t: TestContext) {
  const walk = new KernelWalk(loadWalk());
  t.after(() => walk.close());
  const reader = createWalkReader(walk, EVERY_SOCKET, readHz(walk, '/proc'));
  const count = createNamespaceCounting(DEFAULT_LIMITS);
  const others = new OtherNamespaces();
  const own = new SocketTable();

  return { read, counts };

  function read(budget = patience()): { readonly own: SocketTable; readonly others: OtherNamespaces } {
    own.reset();
    others.reset();
    reader.read(own, budget, others);
    return { own, others };
  }

  /** The name of each namespace is its number; what is not named is in `other`. */
  function counts(inums: readonly number[]): NetnsSockets {
    return count(read().others, namedByNumber(inums));
  }
}

function patience(): ScrapeBudget {
  const now = () => performance.now();
  return { now, deadlineMs: now() + 60_000 };
}

function namedByNumber(inums: readonly number[]): NetnsCounts {
  const nobody = { namespace: '', pod: '', podUid: '', container: '', containerId: '' };
  const cells = inums.map((inum) => ({ ...nobody, netns: String(inum), inum, numbers: { inUse: 0, timeWait: 0 } }));
  return { cells, folded: 0, failed: 0, withoutProcess: [], withoutProcessCount: 0 };
}

/** Rows of a namespace, one text for each: state, both ends, inode. */
export function describeRows({ table }: OtherNamespaces, inum: number): string[] {
  const rows = Array.from({ length: table.length }, (_, row) => table.rowAt(row));
  return rows
    .filter(({ group }) => Number(table.groups.idOf(group)) === inum)
    .map(({ state, localPort, remotePort, localAddress, remoteAddress, owner }) => {
      const [localIp, remoteIp] = [table.addresses.textOf(localAddress), table.addresses.textOf(remoteAddress)];
      return [stateLabel(state), localIp, localPort, remoteIp, remotePort, owner].join(' ');
    })
    .sort();
}
