import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stateLabel } from '../../../../src/model/tcp-state.ts';
import { BOUND_V4, BOUND_V6, SOCKETS_V4, SOCKETS_V6 } from '../../../../src/platform/windows/sockets/tcp-layout.ts';
import { decodeBoundTable, decodeTcpTable, portsOf } from '../../../../src/platform/windows/sockets/tcp-table.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { describeRows, encodeTable, handMadeTable, tableOf } from '../hand-made-table.ts';
import { RECORDED, readWindowsFixture } from '../recorded.ts';

const LAYOUTS = [SOCKETS_V4, SOCKETS_V6, BOUND_V4, BOUND_V6];

describe('decodeTcpTable', () => {
  it('reads the recorded IPv4 table', () => {
    const { zoo, pid } = RECORDED;
    const rows = describeRows(decode(tableOf(SOCKETS_V4, readWindowsFixture('tcp-table-v4.bin'))));
    const listener = `127.0.0.1:${zoo.listener}`;
    assert.deepEqual(
      rows.sort(),
      [
        `ipv4 close_wait ${listener} 127.0.0.1:${zoo.finWait2} pid 0`,
        `ipv4 established ${listener} 127.0.0.1:${zoo.established} pid 0`,
        `ipv4 established 127.0.0.1:${zoo.established} ${listener} pid ${pid}`,
        `ipv4 fin_wait2 127.0.0.1:${zoo.finWait2} ${listener} pid ${pid}`,
        `ipv4 listen ${listener} 0.0.0.0:0 pid 0`,
        `ipv4 time_wait 127.0.0.1:${zoo.timeWait} ${listener} pid 0`,
      ].sort(),
    );
  });

  it('reads the recorded IPv6 table', () => {
    const { zoo } = RECORDED;
    const rows = describeRows(decode(tableOf(SOCKETS_V6, readWindowsFixture('tcp-table-v6.bin'))));
    assert.deepEqual(
      rows.sort(),
      [
        `ipv6 established ::1:${zoo.establishedV6} ::1:${zoo.listenerV6} pid 0`,
        `ipv6 established ::1:${zoo.listenerV6} ::1:${zoo.establishedV6} pid 0`,
        `ipv6 listen ::1:${zoo.listenerV6} :::0 pid 0`,
      ].sort(),
    );
  });

  it('ignores the upper 16 bits of ports, and every other byte that is undefined', () => {
    const v4 = [
      { state: 2, local: ['0.0.0.0', 445], pid: 4 },
      { state: 5, local: ['10.0.0.5', 49_712], remote: ['203.0.113.7', 443], pid: 4321 },
    ] as const;
    const v6 = [
      { state: 2, local: ['::', 445], pid: 4 },
      { state: 8, local: ['fd00::5', 49_713], remote: ['fd00::9', 8443], pid: 4321 },
    ] as const;
    assert.deepEqual(describeRows(decode(handMadeTable(SOCKETS_V4, v4, 0xff))), [
      'ipv4 listen 0.0.0.0:445 0.0.0.0:0 pid 4',
      'ipv4 established 10.0.0.5:49712 203.0.113.7:443 pid 4321',
    ]);
    assert.deepEqual(describeRows(decode(handMadeTable(SOCKETS_V6, v6, 0xff))), [
      'ipv6 listen :::445 :::0 pid 4',
      'ipv6 close_wait fd00::5:49713 fd00::9:8443 pid 4321',
    ]);
  });

  it('names every state of MIB_TCP_STATE, and unknown for any other number', () => {
    const states = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99, 100, 101, 0x7fffffff, 0xffffffff];
    const table = decode(
      handMadeTable(
        SOCKETS_V4,
        states.map((state) => ({ state, local: ['10.0.0.5', 1] })),
      ),
    );
    const labels = Array.from({ length: table.length }, (_, row) => stateLabel(table.rowAt(row).state));
    assert.deepEqual(
      labels.join(' '),
      'unknown close listen syn_sent syn_recv established fin_wait1 fin_wait2 close_wait closing last_ack time_wait close unknown unknown bound unknown unknown unknown',
    );
  });

  it('counts a v4-mapped socket of the IPv6 table as IPv4', () => {
    const row = { state: 5, local: ['::ffff:10.0.0.5', 443], remote: ['::ffff:10.0.0.9', 50_000], pid: 7 } as const;
    assert.deepEqual(describeRows(decode(handMadeTable(SOCKETS_V6, [row]))), [
      'ipv4 established 10.0.0.5:443 10.0.0.9:50000 pid 7',
    ]);
  });

  it('appends to the rows there are, and groups rows by pid', () => {
    const table = new SocketTable();
    decodeTcpTable(handMadeTable(SOCKETS_V4, [{ state: 5, local: ['10.0.0.5', 1], pid: 9 }]), table);
    decodeTcpTable(
      handMadeTable(SOCKETS_V6, [
        { state: 5, local: ['fd00::5', 1], pid: 9 },
        { state: 11, local: ['::1', 2] },
      ]),
      table,
    );
    const group = [0, 1, 2].map((row) => table.rowAt(row).group);
    assert.equal(table.length, 3);
    assert.equal(table.groups.idOf(group[0]!), 9n);
    assert.equal(group[1], group[0]);
    assert.equal(group[2], 0);
  });

  it('keeps the pid of a process beyond 2^31', () => {
    const table = decode(handMadeTable(SOCKETS_V4, [{ state: 5, local: ['10.0.0.5', 1], pid: 0xfffffff0 }]));
    assert.equal(table.rowAt(0).owner >>> 0, 0xfffffff0);
    assert.equal(table.groups.idOf(table.rowAt(0).group), 0xfffffff0n);
  });

  it('reads an empty table, with or without the padding behind its count', () => {
    for (const layout of LAYOUTS) {
      assert.equal(decode(tableOf(layout, Buffer.alloc(layout.firstRow))).length, 0);
      assert.equal(decode(tableOf(layout, new Uint8Array(4))).length, 0);
    }
  });

  it('refuses every truncation, and leaves the table as it was', () => {
    for (const layout of LAYOUTS) {
      const local = [layout.isIpv6 ? 'fd00::5' : '10.0.0.5', 80] as const;
      const whole = encodeTable(layout, [
        { state: 5, local },
        { state: 11, local },
        { state: 2, local },
      ]);
      const table = new SocketTable();
      for (let length = 0; length < whole.length; length++) {
        const cut = new Uint8Array(whole).slice(0, length);
        assert.throws(() => decodeTcpTable(tableOf(layout, cut), table), new RegExp(`table of ${layout.struct}: `));
        const told = { ...tableOf(layout, new Uint8Array(whole)), length };
        assert.throws(() => decodeTcpTable(told, table), new RegExp(`table of ${layout.struct}: `));
      }
      assert.equal(table.length, 0);
      decodeTcpTable(tableOf(layout, whole), table);
      assert.equal(table.length, 3);
    }
  });

  it('refuses counts that lie', () => {
    for (const layout of LAYOUTS) {
      const local = [layout.isIpv6 ? 'fd00::5' : '10.0.0.5', 80] as const;
      for (const count of [2, 3, 0x7fffffff, 0x80000000, 0xffffffff]) {
        const bytes = encodeTable(layout, [{ state: 5, local }]);
        bytes.writeUInt32LE(count, 0);
        assert.throws(() => decode(tableOf(layout, bytes)), new RegExp(`${count} rows do not fit`));
      }
    }
  });

  it('either refuses noise or reads as many rows as it claims', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2000 }),
        fc.nat(12),
        fc.constantFrom(...LAYOUTS),
        (noise, count, layout) => {
          const bytes = new Uint8Array(noise);
          if (bytes.length > 0) bytes.set([count, 0, 0, 0].slice(0, bytes.length));
          const table = new SocketTable();
          try {
            decodeTcpTable(tableOf(layout, bytes), table);
          } catch (error) {
            assert.match((error as Error).message, /^table of MIB_/);
            return table.length === 0;
          }
          return table.length === count;
        },
      ),
    );
  });
});

describe('decodeBoundTable', () => {
  const rows = [
    { state: 0, local: ['0.0.0.0', 50_001], remote: ['9.9.9.9', 9], pid: 7 },
    { state: 2, local: ['0.0.0.0', 443], pid: 7 },
    { state: 1, local: ['10.0.0.5', 443], pid: 8 },
  ] as const;

  it('takes every row for bound, whatever its state and peer, but those of the main table', () => {
    const table = new SocketTable();
    decodeBoundTable(handMadeTable(BOUND_V4, rows, 0xff), table, (port, pid) => port === 443 && pid === 7);
    assert.deepEqual(describeRows(table), [
      'ipv4 bound 0.0.0.0:50001 0.0.0.0:0 pid 7',
      'ipv4 bound 10.0.0.5:443 0.0.0.0:0 pid 8',
    ]);
  });

  it('tells which ports are in the tables', () => {
    const v6 = handMadeTable(BOUND_V6, [{ state: 100, local: ['::', 49_181], pid: 900 }], 0xff);
    const ports = portsOf([handMadeTable(BOUND_V4, rows, 0xff), v6]);
    assert.deepEqual(
      Array.from(ports.keys()).filter((port) => ports[port] === 1),
      [443, 49_181, 50_001],
    );
  });
});

function decode(source: Parameters<typeof decodeTcpTable>[0]): SocketTable {
  const table = new SocketTable();
  decodeTcpTable(source, table);
  return table;
}
