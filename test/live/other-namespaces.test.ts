import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { stateLabel } from '../../src/model/tcp-state.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { churnNamespaces } from '../support/sockets/churning-namespaces.ts';
import { makeEverySocket } from '../support/sockets/every-socket.ts';
import { inhabitNamespace } from '../support/sockets/inhabited-namespace.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import {
  enterNetworkNamespace,
  type KeptNamespace,
  makeNetworkNamespace,
  setNetworkSetting,
} from '../support/sockets/network-namespace.ts';
import { createOtherReader, describeRows } from '../support/sockets/other-sockets.ts';
import { waitForSs } from '../support/sockets/page-and-ss.ts';
import { addSilentNetworks } from '../support/sockets/phantom-peer.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';
import { readSs, STATES as SS_STATES, ssKnowsBound } from '../support/sockets/ss.ts';

const FIRST = 40_000;
const PORTS = 20;
const SERVICE = 80;
/** Connections one test makes at most before something must have failed. */
const BOUND = 100;
const CHILD_TABLE = '/proc/sys/net/ipv4/tcp_child_ehash_entries';

const skip = enterNetworkNamespace() ?? missingBpf() ?? false;

test('sockets of two other namespaces, in every state, are those that ss shows there, tuple by tuple with inode', {
  skip,
}, async (t) => {
  const reader = createOtherReader(t);
  const made = await Promise.all([FIRST, FIRST + 2000].map((port) => inhabit(t, port)));
  const { own, others } = reader.read();
  assert.equal(own.length, 0, 'the own namespace has none');
  for (const { namespace, expected } of made) {
    const ss = namespace.within(readSs).map(({ state, localIp, localPort, remoteIp, remotePort, inode }) => {
      return [state, localIp, localPort, remoteIp, remotePort, inode].join(' ');
    });
    const walked = describeRows(others, namespace.inum).filter((line) => ssKnowsBound() || !line.startsWith('bound'));
    assert.ok(walked.length >= expected, `${walked.length} of ${expected}`);
    assert.deepEqual(walked, ss.sort());
  }
});

test('the counts of a namespace are those of its rows; one without a name is in other', { skip }, async (t) => {
  const reader = createOtherReader(t);
  const [one, two] = await Promise.all([FIRST, FIRST + 2000].map((port) => inhabit(t, port)));
  const { cells, connections, closeWait } = reader.counts([one!.namespace.inum]);
  const named = cells.find(({ netns }) => netns === String(one!.namespace.inum))!;
  assert.deepEqual(statesOf(named.states), countStates(one!.namespace));
  const other = cells.find(({ netns }) => netns === 'other')!;
  for (const [state, sockets] of Object.entries(countStates(two!.namespace)))
    assert.ok(statesOf(other.states)[state]! >= sockets, `${state} in other`); // beside namespaces of the host
  assert.ok(closeWait.cells.some(({ netns, oldestSeconds }) => netns === named.netns && oldestSeconds >= 0));
  const queues = one!.namespace.within(readSs).filter(({ state }) => state === 'listen');
  const fill = (length: number, limit: number) => length / (limit + 1);
  const fullest = Math.max(...queues.map(({ receiveQueue, sendQueue }) => fill(receiveQueue, sendQueue)));
  const { queueLength, queueLimit } = named.fullestQueue!;
  assert.equal(fill(queueLength, queueLimit!), fullest);
  assert.ok(connections.cells.some(({ netns }) => netns === String(one!.namespace.inum)));
});

for (const family of ['ipv4', 'ipv6'] as const)
  test(`only the ratio of the namespace whose connects fail reaches 1, exactly then (${family})`, { skip }, (t) => {
    const reader = createOtherReader(t);
    const [full, free] = [makeRange(t), makeRange(t)];
    const destination = family === 'ipv4' ? '10.0.0.1' : '::1';
    const use = ({ namespace }: ReturnType<typeof makeRange>) => {
      const inums = [full.namespace.inum, free.namespace.inum];
      const cell = reader.counts(inums).cells.find(({ netns }) => netns === String(namespace.inum))!;
      return cell.ephemeral![family] ?? 0;
    };
    for (const { namespace, sockets } of [full, free]) namespace.within(() => sockets.listen(destination, SERVICE));
    assert.equal(connect(free, destination), undefined);
    let made = 0;
    for (; made < BOUND; made++) {
      const ratio = use(full);
      const failure = connect(full, destination);
      if (failure === undefined) assert.ok(ratio < 1, `connect() number ${made + 1} succeeded at ${ratio}`);
      else {
        assert.deepEqual([failure, ratio], ['EADDRNOTAVAIL', 1]);
        break;
      }
    }
    assert.equal(made, PORTS);
    assert.equal(use(free), 1 / PORTS);
    const { destinations } = reader.counts([full.namespace.inum, free.namespace.inum]);
    const ports = destinations.cells.filter(({ remoteIp }) => remoteIp === destination);
    assert.deepEqual(
      ports.map(({ netns, portsUsed }) => [netns, portsUsed]),
      [
        [String(full.namespace.inum), PORTS],
        [String(free.namespace.inum), 1],
      ],
    );
  });

test('listeners, bound sockets, ports of bind() before connect() and reserved ones are away for everybody', {
  skip,
}, (t) => {
  const reader = createOtherReader(t);
  const one = makeRange(t);
  const { namespace, sockets } = one;
  namespace.within(() => {
    setNetworkSetting('ipv4/ip_local_reserved_ports', `${FIRST + 1},${FIRST + 10}-${FIRST + 11}`);
    sockets.listen('10.0.0.1', SERVICE);
    sockets.listen('10.0.0.7', FIRST + 3);
    sockets.bind(sockets.open('10.0.0.7'), '10.0.0.7', FIRST + 4);
    const fd = sockets.open('10.0.0.9');
    sockets.bind(fd, '10.0.0.9', FIRST + 5);
    sockets.connect(fd, '10.0.0.1', SERVICE);
  });
  const use = () => reader.counts([namespace.inum]).cells.find(({ netns }) => netns === String(namespace.inum))!;
  assert.equal(use().ephemeral!.ports, PORTS - 3);
  let made = 0;
  while (made < BOUND && use().ephemeral!.ipv4 < 1) {
    assert.equal(connect(one, '10.0.0.1'), undefined);
    made++;
  }
  assert.equal(connect(one, '10.0.0.1'), 'EADDRNOTAVAIL');
  assert.equal(made, PORTS - 3 - 3);
});

test('ports in TIME_WAIT are taken until connect() may take them over, by the setting of that namespace', {
  skip,
}, (t) => {
  const reader = createOtherReader(t);
  const [never, always] = [makeRange(t), makeRange(t)];
  for (const [{ namespace, sockets }, reuse] of [
    [never, '0'],
    [always, '1'],
  ] as const)
    namespace.within(() => {
      setNetworkSetting('ipv4/tcp_tw_reuse', reuse);
      const listener = sockets.listen('10.0.0.1', SERVICE);
      for (let count = 0; count < 6; count++) {
        const fd = sockets.open('10.0.0.1');
        sockets.connect(fd, '10.0.0.1', SERVICE);
        const accepted = sockets.accept(listener);
        sockets.closeWrite(fd);
        sockets.closeWrite(accepted);
        sockets.close(fd);
        sockets.close(accepted);
      }
    });
  const ratio = ({ namespace }: ReturnType<typeof makeRange>) => {
    const { cells } = reader.counts([never.namespace.inum, always.namespace.inum]);
    return cells.find(({ netns }) => netns === String(namespace.inum))!.ephemeral!.ipv4;
  };
  const untilMs = performance.now() + 20_000;
  while (ratio(always) > 0 && performance.now() < untilMs)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  assert.equal(ratio(always), 0);
  assert.equal(ratio(never), 6 / PORTS);
});

test('a range that a program set for its sockets is at 1 exactly when its connect() fails, in its namespace only', {
  skip,
}, (t) => {
  const reader = createOtherReader(t);
  const [one, other] = [makeRange(t), makeRange(t)];
  const inums = [one.namespace.inum, other.namespace.inum];
  const ranges = () =>
    reader.counts(inums).socketRanges.cells.map((each) => [each.netns, each.ports, each.utilization]);
  for (const { namespace, sockets } of [one, other]) namespace.within(() => sockets.listen('10.0.0.1', SERVICE));
  assert.equal(connect(other, '10.0.0.1'), undefined);
  const dial = () => connect(one, '10.0.0.1', [FIRST + 4, FIRST + 9]);
  let made = 0;
  for (; dial() === undefined && made < BOUND; made++)
    assert.deepEqual(ranges(), [[String(one.namespace.inum), 6, (made + 1) / 6]]);
  assert.equal(made, 6);
  assert.equal(connect(one, '10.0.0.1'), undefined, 'sockets without it have other ports');
});

test('a namespace with a table of connections of its own is read as well', {
  skip: skip || (existsSync(CHILD_TABLE) ? false : 'skipped: needs Linux 6.1'),
}, (t) => {
  const reader = createOtherReader(t);
  setNetworkSetting('ipv4/tcp_child_ehash_entries', '4096');
  const { namespace, sockets } = makeRange(t);
  setNetworkSetting('ipv4/tcp_child_ehash_entries', '0');
  namespace.within(() => {
    assert.equal(Number(readFileSync('/proc/sys/net/ipv4/tcp_ehash_entries', 'utf8')), 4096, 'its own');
    const listener = sockets.listen('10.0.0.1', SERVICE);
    for (let made = 0; made < 5; made++) {
      sockets.connect(sockets.open('10.0.0.1'), '10.0.0.1', SERVICE);
      sockets.accept(listener);
    }
  });
  const cell = reader.counts([namespace.inum]).cells.find(({ netns }) => netns === String(namespace.inum))!;
  assert.deepEqual(statesOf(cell.states), { established: 10, listen: 1 });
  assert.equal(cell.ephemeral!.ipv4, 5 / PORTS);
});

test('when others take their share of the time, the own sockets are there and nothing is told of the others', {
  skip,
}, (t) => {
  const reader = createOtherReader(t);
  const { namespace, sockets } = makeRange(t);
  namespace.within(() => sockets.listen('10.0.0.1', SERVICE));
  const ofOwn = createRawSockets();
  t.after(ofOwn.closeAll);
  ofOwn.listen('127.0.0.1', SERVICE);
  assert.equal(reader.read().others.isKnown, true);
  let looks = 0;
  const { own, others } = reader.read({ now: () => (looks++ < 4 ? 0 : 6000), deadlineMs: 10_000 });
  assert.deepEqual([own.length, others.isKnown, others.table.length], [1, false, 0]);
});

test('namespaces that come and go disturb no read', { skip }, async (t) => {
  const reader = createOtherReader(t);
  const { namespace, sockets } = makeRange(t);
  namespace.within(() => sockets.listen('10.0.0.1', SERVICE));
  const churn = churnNamespaces(t);
  for (let reads = 0; reads < 200 || churn.ended() < 30; reads++) {
    const { others } = reader.read();
    assert.equal(others.isKnown, true);
    assert.equal(describeRows(others, namespace.inum).length, 1);
    await nextTurn();
  }
  await churn.stop();
});

test('the page has the states of each namespace, beside those of the own one; by inet_diag it has none', {
  skip,
}, async (t) => {
  const inhabited = await Promise.all([
    inhabitNamespace(t, { open: 3, closed: 11 }),
    inhabitNamespace(t, { open: 7, closed: 5, host: '::1' }),
  ]);
  // beside other namespaces of the host, however many and large
  const exporter = await startExporter(t, { args: ['--collector.sockets.source=bpf', '--limit.netns=1000'] });
  let page = await exporter.scrape();
  // on a busy machine the walk is proven a scrape or two later
  for (let tries = 0; !page.has('tcpstate_netns_sockets') && tries < 100; tries++) page = await exporter.scrape();
  const samples = (name: string) => page.get(name)?.samples ?? [];
  for (const { inum, run } of inhabited) {
    const netns = samples('tcpstate_netns_info').find(({ labels }) => labels.inum === String(inum))!.labels.netns;
    const shown = samples('tcpstate_netns_sockets').filter(({ labels }) => labels.netns === netns);
    const counts: Record<string, number> = {};
    for (const line of run('ss', '-Htan').trim().split('\n')) {
      const state = SS_STATES[line.split(/\s+/)[0]!]!;
      counts[state] = (counts[state] ?? 0) + 1;
    }
    assert.deepEqual(Object.fromEntries(shown.map(({ labels, value }) => [labels.state!, value])), counts);
  }
  assert.ok(samples('tcpstate_netns_ephemeral_utilization_ratio').length >= inhabited.length);
  const byDump = await startExporter(t, { args: ['--collector.sockets.source=sock_diag'] });
  const dumped = await byDump.scrape();
  assert.equal(dumped.has('tcpstate_netns_sockets'), false);
  assert.equal(dumped.has('tcpstate_netns_inuse_sockets'), true);
});

/** A namespace with sockets in every state. */
async function inhabit(t: TestContext, port: number) {
  const namespace = makeNetworkNamespace();
  t.after(namespace.close);
  const { made, close } = namespace.within(() => {
    addSilentNetworks();
    setNetworkSetting('ipv4/ip_local_port_range', `${port} ${port + 999}`);
    return makeEverySocket(port);
  });
  t.after(close);
  const shown = ssKnowsBound() ? made : made.filter(({ state }) => state !== 'bound');
  await waitForSs(
    shown,
    ({ localIp }) => localIp === '127.0.0.1',
    () => namespace.within(readSs),
  );
  return { namespace, expected: shown.length };
}

/** A namespace that hands out a few ports. */
function makeRange(t: TestContext) {
  const namespace = makeNetworkNamespace();
  const sockets = createRawSockets();
  t.after(() => {
    sockets.closeAll();
    namespace.close();
  });
  namespace.within(() => setNetworkSetting('ipv4/ip_local_port_range', `${FIRST} ${FIRST + PORTS - 1}`));
  return { namespace, sockets };
}

/** Returns the errno, undefined of a connection. */
function connect(
  { namespace, sockets }: ReturnType<typeof makeRange>,
  destination: string,
  range?: readonly [first: number, last: number],
): string | undefined {
  return namespace.within(() => {
    const fd = sockets.open(destination);
    if (range !== undefined) sockets.setPortRange(fd, ...range);
    const failure = sockets.tryConnect(fd, destination, SERVICE);
    if (failure !== undefined) sockets.close(fd);
    return failure;
  });
}

function statesOf(states: readonly (number | undefined)[]): Record<string, number> {
  const labelled = states.flatMap((sockets, state) => (sockets === undefined ? [] : [[stateLabel(state), sockets]]));
  return Object.fromEntries(labelled.filter(([label]) => ssKnowsBound() || label !== 'bound'));
}

function countStates(namespace: KeptNamespace): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of namespace.within(readSs)) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
