import assert from 'node:assert/strict';
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { NetnsReadings } from '../../../../src/model/netns.ts';
import { containerIdOf, podCgroup, uidOf } from '../../../support/sockets/fake-pods.ts';
import { FakeNode } from './fake-node.ts';

describe('the reader of network namespaces', () => {
  it('names 110 pods by the log folders of the kubelet, with the numbers of each', (t) => {
    const node = nodeWithPods(t, 110);
    const { read, failed, withoutProcess } = node.reader()();
    assert.deepEqual([read.length, failed, withoutProcess.length], [110, 0, 0]);
    for (let number = 1; number <= 110; number++) {
      const pod = read.find(({ podUid }) => podUid === uidOf(number))!;
      const { key: _, ...rest } = pod;
      assert.deepEqual(rest, {
        netns: `shop/checkout-${number}`,
        namespace: 'shop',
        pod: `checkout-${number}`,
        podUid: uidOf(number),
        container: 'app',
        containerId: containerIdOf(2 * number),
        inum: 4026532000 + number,
        numbers: {
          inUse: 3 * number,
          timeWait: number,
          currEstab: 5,
          activeOpens: 1000 + number,
          listenOverflows: 0,
          listenDrops: 2,
        },
      });
    }
  });

  it('leaves out its own namespace, and processes without one', (t) => {
    const node = new FakeNode(t);
    node.addNamespace(1);
    node.addProcess(20, 0, '/system.slice/nginx.service');
    node.addProcess(21, 1, '/system.slice/report.service');
    node.makeZombie(21);
    assert.deepEqual(namesOf(node.reader()()), []);
  });

  it('asks another thread of a process whose first one has ended', (t) => {
    const node = new FakeNode(t);
    node.addNamespace(1, { inUse4: 4 });
    node.addProcess(20, 1, '/x');
    node.loseFirstThread(20, 22, 1, '/system.slice/report.service');
    const read = node.reader();
    const { read: found } = read();
    assert.deepEqual(
      found.map(({ netns, inum, numbers }) => [netns, inum, numbers.inUse]),
      [['report.service', 4026532001, 4]],
    );
    node.addProcess(20, 1, '/system.slice/other.service'); // its pid is another process's by now
    read();
    assert.deepEqual(namesOf(read()), ['other.service']);
  });

  it('takes names from whole paths where it sees only the end of them, in a cgroup namespace of its own', (t) => {
    const node = new FakeNode(t);
    node.addNamespace(1);
    node.addProcess(100, 1, '/../web');
    const fromTop = (text: string) => text.replace('/../', '/lxc/');
    assert.deepEqual(namesOf(node.reader({ fromTop, directoryOf: () => undefined })()), ['web']);
  });

  it('names what is no pod: container, name in /run/netns, unit, number', (t) => {
    const node = new FakeNode(t);
    const cgroups = [
      `/system.slice/docker-${'ab'.repeat(32)}.scope`,
      '/user.slice/session-3.scope',
      '/system.slice/report.service',
      '/',
    ];
    for (const [index, cgroup] of cgroups.entries()) {
      node.addNamespace(index + 1);
      node.addProcess(100 + index, index + 1, cgroup);
    }
    node.nameNamespaces({ blue: 2, 'cni-3d1f': 1 });
    assert.deepEqual(namesOf(node.reader()()), ['4026532004', 'abababababab', 'blue', 'report.service']);
  });

  it('keeps the name of a pod when a host process enters its namespace, and says what only one container is', (t) => {
    const node = nodeWithPods(t, 1);
    node.addProcess(2, 1, '/user.slice/user-0.slice/session-1.scope');
    const read = node.reader();
    assert.deepEqual(containersOf(read()), { 'shop/checkout-1': 'app' });
    node.addProcess(5000, 1, podCgroup(uidOf(1), containerIdOf(9999)));
    node.addPodLogs('shop', 'checkout-1', uidOf(1), ['sidecar', containerIdOf(9999)]);
    assert.deepEqual(containersOf(read()), { 'shop/checkout-1': '' });
  });

  it('keeps the only container of a pod while short processes come and go in it', (t) => {
    const node = nodeWithPods(t, 1);
    const read = node.reader();
    read();
    node.addProcess(7777, 1, '/');
    rmSync(join(node.procfs, '7777', 'cgroup')); // it ended before its cgroup was read
    assert.deepEqual(containersOf(read()), { 'shop/checkout-1': 'app' });
  });

  it('lists the log folders again when they change, and not before', (t) => {
    const node = nodeWithPods(t, 1);
    const pods = join(node.logs, 'pods');
    const settle = () => utimesSync(pods, 1000, 1000);
    settle();
    const read = node.reader();
    assert.deepEqual(namesOf(read()), ['shop/checkout-1']);
    node.addNamespace(2);
    node.addProcess(300, 2, podCgroup(uidOf(2), containerIdOf(77)));
    node.addPodLogs('shop', 'new', uidOf(2));
    settle(); // as if nothing had come
    assert.deepEqual(namesOf(read()), [`pod${uidOf(2)}`, 'shop/checkout-1']);
    utimesSync(pods, 2000, 2000);
    assert.deepEqual(namesOf(read()), ['shop/checkout-1', 'shop/new']);
  });

  it('tells two namespaces of one pod apart, and keeps their names while both live', (t) => {
    const node = nodeWithPods(t, 1);
    const read = node.reader();
    assert.deepEqual(namesOf(read()), ['shop/checkout-1']);
    node.addNamespace(7);
    node.addProcess(3, 7, podCgroup(uidOf(1), containerIdOf(2)));
    const both = ['shop/checkout-1', 'shop/checkout-1#4026532007'];
    assert.deepEqual(namesOf(read()), both);
    assert.deepEqual(namesOf(read()), both);
    assert.deepEqual(namesOf(node.reader()()), both);
  });

  it('gives no namespace the name that the sum of the smallest has', (t) => {
    const node = new FakeNode(t);
    node.addNamespace(1);
    node.addProcess(100, 1, '/');
    node.nameNamespaces({ other: 1 });
    assert.deepEqual(namesOf(node.reader()()), ['other#4026532001']);
  });

  it('lists a name in /run/netns without a process, and reads nothing of it', (t) => {
    const node = nodeWithPods(t, 1);
    node.nameNamespaces({ green: 44, own: 0, 'cni-1': 1 });
    const { read, withoutProcess } = node.reader()();
    assert.equal(read.length, 1);
    assert.deepEqual(
      withoutProcess.map(({ netns, inum }) => [netns, inum]),
      [['green', 4026532044]],
    );
  });

  it('says nothing of names without a process if it cannot know the numbers of all', (t) => {
    const node = nodeWithPods(t, 2);
    node.nameNamespaces({ green: 44 });
    rmSync(join(node.procfs, '1001', 'ns', 'net'));
    rmSync(join(node.procfs, String(200_001), 'ns', 'net'));
    const { read, withoutProcess } = node.reader()();
    assert.deepEqual(read.map(({ inum }) => inum).sort(), [4026532002, undefined]);
    assert.deepEqual(withoutProcess, []);
  });

  it('takes another process of the namespace when the first is gone', (t) => {
    const node = nodeWithPods(t, 1);
    const read = node.reader();
    read();
    node.endProcess(1001);
    assert.deepEqual(containersOf(read()), { 'shop/checkout-1': 'app' });
    node.endProcess(200_001);
    assert.deepEqual(namesOf(read()), []);
  });

  it('reads a process that came with the pid of another as what it is', (t) => {
    const node = nodeWithPods(t, 1);
    node.addNamespace(9, { inUse4: 70 });
    const read = node.reader();
    read();
    read(); // from now on it looks at these pids in every sixth scrape only
    node.addProcess(1001, 9, '/system.slice/report.service');
    node.addProcess(200_001, 9, '/system.slice/report.service');
    const names = [namesOf(read()), namesOf(read())];
    assert.deepEqual(names, [[], ['report.service']]);
  });

  it('finds a process that has entered another namespace within eight scrapes', (t) => {
    const node = nodeWithPods(t, 1);
    node.addNamespace(9);
    node.addProcess(500, 0, '/system.slice/report.service');
    const read = node.reader();
    for (let scrape = 0; scrape < 4; scrape++) read();
    node.addProcess(500, 9, '/system.slice/report.service');
    const seen = Array.from({ length: 8 }, () => namesOf(read()).includes('report.service'));
    assert.equal(seen.at(-1), true);
  });

  it('loses only the namespace whose file is broken, and fails if all are', (t) => {
    const node = nodeWithPods(t, 3);
    writeFileSync(join(node.namespaceFolder(2), 'snmp'), 'Tcp: ActiveOpens CurrEstab\nTcp: 1\n');
    const { read, failed } = node.reader()();
    assert.deepEqual([read.length, failed], [2, 1]);
    for (const number of [1, 3]) writeFileSync(join(node.namespaceFolder(number), 'sockstat'), 'sockets: used 3\n');
    assert.throws(() => node.reader()(), /\/1001\/net\/sockstat: no count of TCP sockets|\/3001\/|snmp, line 2/);
  });

  it('without IPv6 and without netstat the rest is known', (t) => {
    const node = nodeWithPods(t, 1);
    for (const file of ['sockstat6', 'netstat']) rmSync(join(node.namespaceFolder(1), file));
    const { numbers } = node.reader()().read[0]!;
    assert.deepEqual(numbers, { inUse: 1, timeWait: 1, currEstab: 5, activeOpens: 1001 });
  });

  it('gives up when its time is over, the smallest namespaces first', (t) => {
    const node = nodeWithPods(t, 20);
    const read = node.reader();
    read();
    let ticks = 0;
    const { read: some, failed } = read({ now: () => ticks++ * 20, deadlineMs: 700 });
    assert.equal(some.length + failed, 20);
    assert.ok(failed > 0 && some.length > 0);
    const largest = Array.from({ length: some.length }, (_, index) => `shop/checkout-${20 - index}`);
    assert.deepEqual(namesOf({ read: some }), largest.sort());
  });

  it('keeps hostile names printable', (t) => {
    const node = new FakeNode(t);
    node.addNamespace(1);
    node.addNamespace(2);
    node.addProcess(100, 1, podCgroup(uidOf(1), containerIdOf(1)));
    node.addPodLogs('shop\u001b[31m', 'a"\n\u202eb', uidOf(1));
    node.addProcess(200, 2, '/system.slice/x\\x0a\\x1b.service');
    assert.deepEqual(namesOf(node.reader()()), ['shop\\x1b[31m/a"\\x0a\\u202eb', 'x\\x0a\\x1b.service']);
  });

  it('without the log folders a pod has its uid, and its names as soon as they are there', (t) => {
    const node = new FakeNode(t);
    node.addNamespace(1);
    node.addProcess(100, 1, podCgroup(uidOf(1), containerIdOf(1)));
    let nowMs = 0;
    const read = node.reader();
    assert.deepEqual(namesOf(read({ now: () => nowMs })), [`pod${uidOf(1)}`]);
    node.addPodLogs('shop', 'late', uidOf(1));
    assert.deepEqual(namesOf(read({ now: () => nowMs })), [`pod${uidOf(1)}`]);
    nowMs += 10_001;
    assert.deepEqual(namesOf(read({ now: () => nowMs })), ['shop/late']);
  });
});

/** Pod n has namespace n, its sandbox with pid n × 1000 + 1 and its app with pid 200,000 + n. */
function nodeWithPods(t: TestContext, count: number): FakeNode {
  const node = new FakeNode(t);
  for (let number = 1; number <= count; number++) {
    const uid = uidOf(number);
    const [sandbox, app] = [containerIdOf(2 * number - 1), containerIdOf(2 * number)];
    node.addNamespace(number, {
      inUse4: number,
      inUse6: 2 * number,
      timeWait: number,
      currEstab: 5,
      activeOpens: 1000 + number,
      listenDrops: 2,
    });
    node.addProcess(number * 1000 + 1, number, podCgroup(uid, sandbox));
    node.addProcess(200_000 + number, number, podCgroup(uid, app));
    node.addPodLogs('shop', `checkout-${number}`, uid, ['app', app]);
  }
  return node;
}

function namesOf({ read }: Pick<NetnsReadings, 'read'>): string[] {
  return read.map(({ netns }) => netns).sort();
}

function containersOf({ read }: NetnsReadings): Record<string, string> {
  return Object.fromEntries(read.map(({ netns, container }) => [netns, container]));
}
