import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GetBoundTable } from '../../../../src/platform/windows/dll/iphlpapi.ts';
import { createBoundTables } from '../../../../src/platform/windows/sockets/bound-tables.ts';
import { BOUND_V4, BOUND_V6 } from '../../../../src/platform/windows/sockets/tcp-layout.ts';
import { countRows } from '../../../../src/platform/windows/sockets/tcp-table.ts';
import { fakeIphlpapi, fakeKernel32 } from '../fake-calls.ts';
import { encodeTable } from '../hand-made-table.ts';

const V4 = encodeTable(BOUND_V4, [{ state: 0, local: ['0.0.0.0', 50_001], pid: 7 }]);
const V6 = encodeTable(BOUND_V6, []);

describe('createBoundTables', () => {
  it('copies what the calls allocated, and frees it', () => {
    const heap = new Map<bigint, Uint8Array>([
      [0x1000n, V4],
      [0x2000n, V6],
    ]);
    const read = createBoundTables(fakeIphlpapi(giving(0x1000n, 0x2000n)), fakeKernel32([], heap))!;
    const tables = read();
    assert.deepEqual(
      tables.map((table) => [table.layout.struct, countRows(table)]),
      [
        ['MIB_TCPROW2', 1],
        ['MIB_TCP6ROW2', 0],
      ],
    );
    assert.equal(heap.size, 0);
  });

  it('has nothing to free where nothing was allocated', () => {
    assert.deepEqual(createBoundTables(fakeIphlpapi(giving(0n, 0n)), fakeKernel32())!(), []);
  });

  it('is not there unless both calls are', () => {
    const { getBoundTcpTable } = giving(0n, 0n);
    assert.equal(createBoundTables(fakeIphlpapi({}), fakeKernel32()), undefined);
    assert.equal(createBoundTables(fakeIphlpapi({ getBoundTcpTable }), fakeKernel32()), undefined);
  });

  it('tells the code of a call that fails, and a block the heap does not know', () => {
    const failing = fakeIphlpapi({ ...giving(0n, 0n), getBoundTcp6Table: () => 50 });
    assert.throws(createBoundTables(failing, fakeKernel32())!, {
      message: 'InternalGetBoundTcp6EndpointTable: ERROR_NOT_SUPPORTED',
    });
    assert.throws(createBoundTables(fakeIphlpapi(giving(0x9999n, 0n)), fakeKernel32())!, /HeapSize gives no size/);
  });
});

function giving(v4: bigint, v6: bigint): { getBoundTcpTable: GetBoundTable; getBoundTcp6Table: GetBoundTable } {
  const giveAddress =
    (block: bigint): GetBoundTable =>
    (address, heap, flags) => {
      assert.deepEqual([heap, flags], [77, 0]);
      address[0] = block;
      return 0;
    };
  return { getBoundTcpTable: giveAddress(v4), getBoundTcp6Table: giveAddress(v6) };
}
