import assert from 'node:assert/strict';
import { fstatSync, readFileSync, readlinkSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { stateLabel, TcpState } from '../../src/model/tcp-state.ts';
import { readHz } from '../../src/platform/linux/bpf/jiffies.ts';
import { KernelWalk, loadWalk } from '../../src/platform/linux/bpf/kernel-walk.ts';
import { findDisagreement } from '../../src/platform/linux/bpf/proof.ts';
import { createWalkReader, EVERY_SOCKET } from '../../src/platform/linux/bpf/walk-reader.ts';
import { loadLibc } from '../../src/platform/linux/libc/libc.ts';
import { ALL_SOCKETS, CLOSE_WAIT_AGES } from '../../src/platform/linux/netlink/dump-request.ts';
import { createSockDiagReader } from '../../src/platform/linux/netlink/sock-diag.ts';
import { CloseWaitClock } from '../../src/platform/linux/rows/close-wait-clock.ts';
import type { SocketReader } from '../../src/platform/platform.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { makeEverySocket } from '../support/sockets/every-socket.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';
import { waitForSs } from '../support/sockets/page-and-ss.ts';
import { addSilentNetworks } from '../support/sockets/phantom-peer.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';
import { readSs, ssKnowsBound } from '../support/sockets/ss.ts';

const EPHEMERAL = 40_000;
/** Between two readers one after the other. */
const TIME_SLACK_MS = 1500;
const now = () => performance.now();
const budget = () => ({ now, deadlineMs: now() + 20_000 });

const skip = enterNetworkNamespace() ?? missingBpf() ?? false;

test('the walk tells of sockets in every state what inet_diag and ss tell', { skip }, async (t) => {
  const { walk, hz } = openWalk(t);
  addSilentNetworks();
  setNetworkSetting('ipv4/ip_local_port_range', `${EPHEMERAL} ${EPHEMERAL + 999}`);
  const { made, close } = makeEverySocket(EPHEMERAL);
  t.after(close);
  const shown = ssKnowsBound() ? made : made.filter(({ state }) => state !== 'bound');
  await waitForSs(shown, ({ localIp }) => localIp === '127.0.0.1');
  const reader = createWalkReader(walk, EVERY_SOCKET, hz);
  const dump = createSockDiagReader(loadLibc(), ALL_SOCKETS);
  t.after(() => dump.close());
  const [walked, dumped] = [read(reader), read(dump)];

  await t.test('it reads this network namespace', () => {
    assert.equal(readlinkSync('/proc/thread-self/ns/net'), `net:[${walk.inum}]`);
  });

  await t.test(
    'every row is the same, in the same order but for bound sockets, with inode, cgroup and interface',
    () => {
      assert.ok(dumped.length >= shown.length);
      assert.deepEqual(withSortedBound(rowsOf(walked)), withSortedBound(rowsOf(dumped)));
      assert.deepEqual(walked.listenQueues, dumped.listenQueues);
    },
  );

  await t.test('the time left in TIME_WAIT is the same', () => {
    const [ours, theirs] = [timesOf(walked), timesOf(dumped)];
    assert.ok(ours.length > 3);
    for (const [index, time] of ours.entries()) assert.ok(Math.abs(time - theirs[index]!) < TIME_SLACK_MS, `${time}`);
  });

  await t.test('ss shows the same sockets, tuple by tuple with inode', () => {
    const ss = readSs().map(({ state, localIp, localPort, remoteIp, remotePort, inode }) =>
      [state, localIp, localPort, remoteIp, remotePort, inode].join(' '),
    );
    const own = Array.from({ length: walked.length }, (_, row) => {
      const { state, localPort, remotePort, localAddress, remoteAddress, owner } = walked.rowAt(row);
      const [localIp, remoteIp] = [walked.addresses.textOf(localAddress), walked.addresses.textOf(remoteAddress)];
      return [stateLabel(state), localIp, localPort, remoteIp, remotePort, owner].join(' ');
    });
    assert.deepEqual(own.filter((line) => ssKnowsBound() || !line.startsWith('bound')).sort(), ss.sort());
  });

  await t.test('a second read keeps every row', () => {
    walked.commit();
    walked.turn();
    reader.read(walked, budget());
    assert.equal(walked.changes.isFullRecount, false);
    assert.deepEqual([walked.changes.removedLength, walked.added.length, walked.length], [0, 0, dumped.length]);
  });

  await t.test('CLOSE_WAIT ages are the same, and so is who was never accepted', () => {
    const walked = read(createWalkReader(walk, EVERY_SOCKET, hz, { clock: new CloseWaitClock() }));
    const agesDump = createSockDiagReader(loadLibc(), CLOSE_WAIT_AGES, undefined, new CloseWaitClock());
    const dumped = read(agesDump);
    agesDump.close();
    const [ours, theirs] = [waitingOf(walked), waitingOf(dumped)];
    assert.ok(walked.knowsAges && ours.some(({ owner }) => owner === 0) && ours.some(({ owner }) => owner !== 0));
    assert.deepEqual(ours.map(withoutAge), theirs.map(withoutAge));
    for (const [index, { milliseconds }] of ours.entries())
      assert.ok(Math.abs(milliseconds - theirs[index]!.milliseconds) < TIME_SLACK_MS, `${milliseconds}`);
  });

  await t.test('the proof finds nothing to object to', () => {
    assert.equal(findDisagreement(createWalkReader(walk, EVERY_SOCKET, hz), dump, budget()), undefined);
  });

  await t.test('the proof sees a state that is left out, and a jiffy of another length', () => {
    const withoutTimeWait = { ...EVERY_SOCKET, states: EVERY_SOCKET.states & ~(1 << 6) };
    const lacking = findDisagreement(createWalkReader(walk, withoutTimeWait, hz), dump, budget());
    assert.match(lacking!, /^[1-9]\d* sockets missing and 0 wrong/);
    assert.match(findDisagreement(createWalkReader(walk, EVERY_SOCKET, hz * 2), dump, budget())!, /in TIME_WAIT/);
  });
});

test('bound sockets are read once each, over several runs, from lists that are short, long and shared with connections', {
  skip,
}, (t) => {
  const { walk, hz } = openWalk(t);
  const sockets = createRawSockets();
  t.after(sockets.closeAll);
  setNetworkSetting('ipv4/ip_local_port_range', '20000 60000');
  const bind = (address: string, port: number) => {
    const fd = sockets.open(address);
    if (port !== 0) sockets.reuseAddress(fd);
    sockets.bind(fd, address, port);
    return fd;
  };
  const bound: number[] = [];
  for (let each = 0; each < 2000; each++)
    for (const address of ['127.0.0.1', '127.0.0.2', '::1']) bound.push(bind(address, 0));
  const listener = sockets.listen('127.0.0.1', 8000);
  const connected: number[] = [];
  for (let each = 0; each < 600; each++) {
    if (each % 4 === 0) bound.push(bind('127.0.0.3', 9000 + (each % 3)));
    const client = each % 2 === 0 ? bind(`127.1.${each >> 7}.${1 + (each & 127)}`, 9000) : sockets.open('127.0.0.1');
    sockets.connect(client, '127.0.0.1', 8000);
    connected.push(client, sockets.accept(listener));
  }
  const reader = createWalkReader(walk, EVERY_SOCKET, hz);
  for (let round = 0; round < 3; round++) {
    const rows = rowsOf(read(reader));
    const inodesIn = (wanted: TcpState) => rows.flatMap(({ state, owner }) => (state === wanted ? [owner] : []));
    assert.deepEqual(inodesIn(TcpState.bound).sort(), inodesOf(bound));
    assert.deepEqual(inodesIn(TcpState.established).sort(), inodesOf(connected));
    for (let each = 0; each < 100; each++) sockets.close(bound.splice((each * 37) % bound.length, 1)[0]!);
  }
});

test('HZ is what the configuration of this kernel says', { skip: skip || missingConfig() }, (t) => {
  const config = readFileSync('/proc/config.gz');
  const { gunzipSync } = process.getBuiltinModule('node:zlib');
  assert.equal(openWalk(t).hz, Number(/^CONFIG_HZ=(\d+)$/m.exec(gunzipSync(config).toString())![1]));
});

function openWalk(t: TestContext): { walk: KernelWalk; hz: number } {
  const walk = new KernelWalk(loadWalk());
  t.after(() => walk.close());
  return { walk, hz: readHz(walk, '/proc') };
}

function read(reader: SocketReader): SocketTable {
  const table = new SocketTable();
  reader.read(table, budget());
  return table;
}

/** Lists of bound sockets are gone through several at a time. */
function withSortedBound(rows: ReturnType<typeof rowsOf>) {
  const isBound = ({ state }: { state: number }) => state === TcpState.bound;
  const bound = rows.filter(isBound).sort((one, other) => one.owner - other.owner);
  return [rows.filter((row) => !isBound(row)), bound];
}

/** All that does not change, row by row. */
function rowsOf(table: SocketTable) {
  return Array.from({ length: table.length }, (_, row) => {
    const { milliseconds, localAddress, remoteAddress, group, ...rest } = table.rowAt(row);
    const addresses = [table.addresses.textOf(localAddress), table.addresses.textOf(remoteAddress)];
    return { ...rest, addresses, cgroup: table.groups.idOf(group) };
  });
}

function inodesOf(fds: readonly number[]): number[] {
  return fds.map((fd) => fstatSync(fd).ino).sort();
}

function waitingOf(table: SocketTable) {
  return Array.from({ length: table.length }, (_, row) => table.rowAt(row)).filter(
    ({ state }) => state === TcpState.closeWait,
  );
}

function withoutAge({ localPort, remotePort, owner }: ReturnType<typeof waitingOf>[number]) {
  return { localPort, remotePort, owner };
}

function timesOf(table: SocketTable): number[] {
  return Array.from({ length: table.length }, (_, row) => table.rowAt(row).milliseconds).filter((time) => time > 0);
}

function missingConfig(): string | false {
  try {
    readFileSync('/proc/config.gz');
    return false;
  } catch {
    return 'not done: this kernel does not show its configuration';
  }
}
