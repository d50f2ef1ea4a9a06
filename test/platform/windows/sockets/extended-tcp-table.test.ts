import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HEADERS } from '../../../../src/platform/windows/dll/headers.ts';
import { createExtendedTcpTable } from '../../../../src/platform/windows/sockets/extended-tcp-table.ts';
import { SOCKETS_V4, SOCKETS_V6 } from '../../../../src/platform/windows/sockets/tcp-layout.ts';
import { countRows } from '../../../../src/platform/windows/sockets/tcp-table.ts';
import { answerTable, fakeIphlpapi } from '../fake-calls.ts';
import { encodeTable } from '../hand-made-table.ts';

const { AF_INET, AF_INET6 } = HEADERS;

const rowsOf = (count: number) =>
  encodeTable(
    SOCKETS_V4,
    Array.from({ length: count }, (_, index) => ({ state: 11, local: ['10.0.0.5', index] as const })),
  );

describe('createExtendedTcpTable', () => {
  it('asks for every socket with its owner and creation time', () => {
    const asked: number[][] = [];
    const read = createExtendedTcpTable(
      fakeIphlpapi({
        getExtendedTcpTable(buffer, size, order, family, tableClass, reserved) {
          asked.push([order, family, tableClass, reserved]);
          return answerTable(rowsOf(2), buffer, size);
        },
      }),
      AF_INET,
      SOCKETS_V4,
    );
    assert.equal(countRows(read()!), 2);
    assert.deepEqual(asked, [[0, 2, 8, 0]]);
  });

  it('goes on with more room than was asked for when the table grows between two calls', () => {
    const capacities: number[] = [];
    const sizes = [1000, 1600, 2000];
    const iphlpapi = fakeIphlpapi({
      getExtendedTcpTable(buffer, size) {
        capacities.push(size[0]!);
        return answerTable(rowsOf(sizes.shift() ?? 2000), buffer, size);
      },
    });
    const read = createExtendedTcpTable(iphlpapi, AF_INET, SOCKETS_V4);
    assert.equal(countRows(read()!), 2000);
    assert.deepEqual(capacities, [65_536, 200_016, 320_016]);
    assert.equal(countRows(read()!), 2000);
    assert.equal(capacities.length, 4); // the buffer is kept
  });

  it('gives up after five tries when the table always outgrows the buffer', () => {
    let calls = 0;
    const iphlpapi = fakeIphlpapi({
      getExtendedTcpTable(_buffer, size) {
        calls++;
        size[0]! *= 2;
        return 122;
      },
    });
    assert.throws(
      createExtendedTcpTable(iphlpapi, AF_INET, SOCKETS_V4),
      /outgrew the buffer 5 times, at last \d+ bytes/,
    );
    assert.equal(calls, 5);
  });

  it('grows by itself when a call refuses the buffer without asking for more', () => {
    const capacities: number[] = [];
    const iphlpapi = fakeIphlpapi({
      getExtendedTcpTable(_buffer, size) {
        capacities.push(size[0]!);
        size[0] = 0;
        return 122;
      },
    });
    assert.throws(createExtendedTcpTable(iphlpapi, AF_INET, SOCKETS_V4), /5 times/);
    assert.deepEqual(capacities, [65_536, 81_920, 102_400, 128_000, 160_000]);
  });

  it('allocates nothing for a size that cannot be', () => {
    const iphlpapi = fakeIphlpapi({
      getExtendedTcpTable(_buffer, size) {
        size[0] = 0xffffffff;
        return 122;
      },
    });
    assert.throws(createExtendedTcpTable(iphlpapi, AF_INET6, SOCKETS_V6), /AF_INET6.*asks for 4294967295 bytes/);
  });

  it('gives memory back when the table has become far smaller', () => {
    const capacities: number[] = [];
    let rows = 10_000;
    const iphlpapi = fakeIphlpapi({
      getExtendedTcpTable(buffer, size) {
        capacities.push(size[0]!);
        return answerTable(rowsOf(rows), buffer, size);
      },
    });
    const read = createExtendedTcpTable(iphlpapi, AF_INET, SOCKETS_V4);
    assert.equal(countRows(read()!), 10_000);
    rows = 3;
    assert.equal(countRows(read()!), 3); // still in the large buffer, which is given back behind it
    assert.equal(countRows(read()!), 3);
    assert.deepEqual(capacities, [65_536, 2_000_016, 2_000_016, 65_536]);
  });

  it('tells the code of any other failure', () => {
    const failing = (code: number) => fakeIphlpapi({ getExtendedTcpTable: () => code });
    assert.throws(createExtendedTcpTable(failing(5), AF_INET, SOCKETS_V4), {
      message: 'GetExtendedTcpTable(AF_INET): ERROR_ACCESS_DENIED',
      code: 5,
    });
    assert.throws(createExtendedTcpTable(failing(1234), AF_INET6, SOCKETS_V6), /AF_INET6\): error 1234/);
  });

  it('has no table of a family the machine does not have, but always one of IPv4', () => {
    const iphlpapi = fakeIphlpapi({ getExtendedTcpTable: () => 50 });
    assert.equal(createExtendedTcpTable(iphlpapi, AF_INET6, SOCKETS_V6)(), undefined);
    assert.throws(createExtendedTcpTable(iphlpapi, AF_INET, SOCKETS_V4), /ERROR_NOT_SUPPORTED/);
  });
});
