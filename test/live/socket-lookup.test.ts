import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { TcpState } from '../../src/model/tcp-state.ts';
import { loadLibc } from '../../src/platform/linux/libc/libc.ts';
import { ALL_SOCKETS } from '../../src/platform/linux/netlink/dump-request.ts';
import { TCPI_OPT_TIMESTAMPS, WITH_TCP_INFO } from '../../src/platform/linux/netlink/lookup-request.ts';
import { createSockDiagReader } from '../../src/platform/linux/netlink/sock-diag.ts';
import { canLookUp, createSocketLookup } from '../../src/platform/linux/netlink/socket-lookup.ts';
import { localPortOf, ROW_WORDS, Word } from '../../src/table/socket-row.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';

const skip = enterNetworkNamespace() ?? false;
/** Of a listener, and what connects to it: IPv4, sockets of IPv6 with v4-mapped addresses, IPv6. */
const KINDS = [
  ['127.0.0.1', '127.0.0.1'],
  ['::', '127.0.0.1'],
  ['::', '::ffff:127.0.0.1'],
  ['::1', '::1'],
] as const;

for (const [listenOn, host] of KINDS) {
  test(`finds connections from ${host} to ${listenOn} under their inode until they end`, { skip }, async (t) => {
    const { port, accepted } = await listen(t, listenOn);
    const clients = await Promise.all([1, 2, 3].map(() => connectTo(t, port, host)));
    while (accepted.length < clients.length) await delay(1);
    const { table, rows, lookUp } = dumpPort(t, port);
    assert.equal(rows.length, 6);
    for (const row of rows) {
      const found = lookUp(row, WITH_TCP_INFO);
      const { state, owner } = table.rowAt(row);
      assert.deepEqual([found?.state, found?.inode], [state, owner]);
      assert.equal(found!.tcpOptions! & TCPI_OPT_TIMESTAMPS, TCPI_OPT_TIMESTAMPS);
      assert.equal(lookUp(row)!.tcpOptions, undefined, 'not asked for');
      assert.equal(lookUp(row)!.cookie, found!.cookie);
    }
    const cookies = rows.map((row) => lookUp(row)!.cookie);
    assert.equal(new Set(cookies).size, rows.length);

    clients[0]!.end(); // TIME_WAIT, at last
    clients[1]!.resetAndDestroy();
    for (const socket of accepted) socket.on('error', () => {});
    await delay(100);
    const after = rows.map((row) => lookUp(row));
    const states = after.map((found) => found && [found.state, found.inode !== 0]);
    assert.deepEqual(
      states.filter((state) => state === undefined).length,
      3,
      'both ends of the reset, one of the other',
    );
    assert.deepEqual(
      states.filter((state) => state?.[0] === TcpState.timeWait),
      [[TcpState.timeWait, false]],
    );
    assert.equal(states.filter((state) => state?.[0] === TcpState.established).length, 2);
  });
}

test('says that timestamps were not agreed on', { skip }, async (t) => {
  setNetworkSetting('ipv4/tcp_timestamps', '0');
  t.after(() => setNetworkSetting('ipv4/tcp_timestamps', '1'));
  const { port } = await listen(t, '127.0.0.1');
  await connectTo(t, port, '127.0.0.1');
  const { rows, lookUp } = dumpPort(t, port);
  for (const row of rows) assert.equal(lookUp(row, WITH_TCP_INFO)!.tcpOptions! & TCPI_OPT_TIMESTAMPS, 0);
});

test('finds connections between link-local addresses by the interface they are bound to', { skip }, async (t) => {
  for (const command of [
    'link add there type veth peer name away',
    'addr add fe80::7/64 dev there nodad',
    'link set away up',
    'link set there up',
  ])
    execFileSync('ip', command.split(' '));
  const index = Number(execFileSync('ip', ['-o', 'link', 'show', 'there'], { encoding: 'utf8' }).split(':')[0]);
  const { port } = await listen(t, 'fe80::7%there');
  await connectTo(t, port, 'fe80::7%there');
  const { table, rows, lookUp } = dumpPort(t, port);
  assert.equal(rows.length, 2);
  for (const row of rows) {
    assert.equal(table.addresses.scopeOf(table.rowAt(row).remoteAddress), index);
    assert.equal(lookUp(row)?.inode, table.rowAt(row).owner);
  }
});

function dumpPort(t: TestContext, port: number) {
  const libc = loadLibc();
  const table = new SocketTable();
  const reader = createSockDiagReader(libc, ALL_SOCKETS);
  reader.read(table, { deadlineMs: Number.POSITIVE_INFINITY, now: () => 0 });
  reader.close();
  const lookup = createSocketLookup(libc);
  t.after(() => lookup.close());
  const isOfPort = (row: number) =>
    localPortOf(table.words, row * ROW_WORDS) === port || table.rowAt(row).remotePort === port;
  const rows = Array.from({ length: table.length }, (_, row) => row).filter(
    (row) => isOfPort(row) && canLookUp(table, row) && table.words[row * ROW_WORDS + Word.owner] !== 0,
  );
  return {
    table,
    rows,
    lookUp: (row: number, extensions = 0) => lookup.lookUp(table, row, extensions),
  };
}

async function listen(t: TestContext, host: string): Promise<{ port: number; accepted: Socket[] }> {
  const accepted: Socket[] = [];
  const server: Server = createServer((socket) => accepted.push(socket.resume())).listen(0, host);
  t.after(() => {
    server.close();
    for (const socket of accepted) socket.destroy();
  });
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, accepted };
}

async function connectTo(t: TestContext, port: number, host: string): Promise<Socket> {
  const socket = connect({ port, host }).resume();
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}
