import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { CgroupView } from '../../../../src/platform/linux/cgroups/cgroup-view.ts';
import { createNetnsReader } from '../../../../src/platform/linux/netns/netns-reader.ts';
import type { ScrapeBudget } from '../../../../src/platform/platform.ts';
import { addPodLogs } from '../../../support/sockets/fake-pods.ts';
import { temporaryFolder } from '../procfs/fake-procfs.ts';

/** Counters that a fake namespace has. */
export interface FakeNumbers {
  readonly inUse4?: number;
  readonly inUse6?: number;
  readonly timeWait?: number;
  readonly currEstab?: number;
  readonly activeOpens?: number;
  readonly listenDrops?: number;
}

/** Between two scrapes. During one the clock stands still, however busy the machine is. */
const INTERVAL_MS = 15_000;
const FIRST_INUM = 4026532000;

/**
 * A node without a kernel: a procfs in which `PID/net` of several processes leads to one folder, as it does in the real one, and the kubelet's
 * log folders. Namespace 0 is the exporter's own.
 */
export class FakeNode {
  readonly procfs: string;
  readonly logs: string;

  constructor(t: TestContext) {
    this.procfs = temporaryFolder(t);
    this.logs = temporaryFolder(t);
    mkdirSync(join(this.logs, 'pods'));
    mkdirSync(join(this.logs, 'containers'));
    this.addNamespace(0);
    this.addProcess(1, 0, '/init.scope');
    symlinkSync('1', join(this.procfs, 'thread-self'));
  }

  reader(view?: CgroupView) {
    const reader = createNetnsReader({ procfs: this.procfs, kubeletLogs: this.logs }, this.procfs, undefined, view)!;
    let nowMs = 0;
    return (budget: Partial<ScrapeBudget> = {}) => {
      nowMs += INTERVAL_MS;
      return reader.read({ deadlineMs: Number.POSITIVE_INFINITY, now: () => nowMs, ...budget });
    };
  }

  addNamespace(number: number, numbers: FakeNumbers = {}): void {
    const { inUse4 = 0, inUse6 = 0, timeWait = 0, currEstab = 0, activeOpens = 0, listenDrops = 0 } = numbers;
    const files = {
      sockstat: `sockets: used 9\nTCP: inuse ${inUse4} orphan 7 tw ${timeWait} alloc 99 mem 5\nUDP: inuse 0 mem 0\n`,
      sockstat6: `TCP6: inuse ${inUse6}\nUDP6: inuse 0\n`,
      snmp: `Tcp: RtoAlgorithm ActiveOpens CurrEstab\nTcp: 1 ${activeOpens} ${currEstab}\n`,
      netstat: `TcpExt: ListenOverflows ListenDrops\nTcpExt: 0 ${listenDrops}\nIpExt: InNoRoutes\nIpExt: 0\n`,
    };
    mkdirSync(this.namespaceFolder(number), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.namespaceFolder(number), name), text);
  }

  namespaceFolder(number: number): string {
    return join(this.procfs, `ns-${number}`);
  }

  addProcess(pid: number | string, namespace: number, cgroup: string, up = '..'): void {
    const folder = join(this.procfs, String(pid));
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, 'ns'), { recursive: true });
    symlinkSync(`${up}/ns-${namespace}`, join(folder, 'net'));
    symlinkSync(`net:[${FIRST_INUM + namespace}]`, join(folder, 'ns', 'net'));
    writeFileSync(join(folder, 'cgroup'), cgroup.startsWith('/') ? `0::${cgroup}\n` : cgroup);
  }

  endProcess(pid: number): void {
    rmSync(join(this.procfs, String(pid)), { recursive: true });
  }

  /** A process that ended and waits for its parent. */
  makeZombie(pid: number): void {
    rmSync(join(this.procfs, String(pid), 'net'));
  }

  /** Its first thread has ended: what that knew is known of another one, which is in this namespace and this cgroup. */
  loseFirstThread(pid: number, tid: number, namespace: number, cgroup: string): void {
    this.makeZombie(pid);
    rmSync(join(this.procfs, String(pid), 'ns', 'net'), { force: true });
    this.addProcess(join(String(pid), 'task', String(tid)), namespace, cgroup, '../../..');
    writeFileSync(join(this.procfs, String(pid), 'cgroup'), '0::/\n');
  }

  nameNamespaces(names: Readonly<Record<string, number>>): void {
    const lines = Object.entries(names).map(
      ([name, number]) => `617 24 0:4 net:[${FIRST_INUM + number}] /run/netns/${name} rw shared:1 - nsfs nsfs rw\n`,
    );
    writeFileSync(join(this.procfs, '1', 'mountinfo'), lines.join(''));
  }

  addPodLogs(namespace: string, pod: string, uid: string, container?: readonly [name: string, id: string]): void {
    addPodLogs(this.logs, { namespace, pod }, uid, container && { [container[0]]: container[1] });
  }
}
