import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addTcpStatistics, readTcpStatistics } from '../../../../src/platform/windows/sockets/tcp-statistics.ts';
import { fakeIphlpapi } from '../fake-calls.ts';

// algorithm, min, max, max connections, active, passive, fails, resets, established, in, out, retransmitted, errors, sent resets, connections
const V4 = new Uint32Array([1, 300, 120_000, 0xffffffff, 208, 43, 6, 1, 2, 24_230, 15_699, 7, 3, 297, 9]);
const V6 = new Uint32Array([1, 300, 120_000, 0xffffffff, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 100, 5]);

describe('readTcpStatistics', () => {
  it('adds up both families', () => {
    assert.deepEqual(read({ 2: V4, 23: V6 }), {
      activeOpens: 1208,
      passiveOpens: 2043,
      attemptFails: 3006,
      estabResets: 4001,
      inSegments: 30_230,
      outSegments: 22_699,
      retransmittedSegments: 8007,
      inErrors: 9003,
      sentResets: 397,
    });
  });

  it('does without a family the machine does not have, but not without both', () => {
    assert.equal(read({ 2: V4 }).activeOpens, 208);
    assert.equal(read({ 23: V6 }).activeOpens, 1000);
    assert.throws(() => read({}), /GetTcpStatisticsEx: ERROR_NOT_SUPPORTED/);
  });

  it('fails when a family does: half a sum would be a counter that jumps', () => {
    const iphlpapi = fakeIphlpapi({ getTcpStatisticsEx: (_, family) => (family === 2 ? 0 : 87) });
    assert.throws(() => readTcpStatistics(iphlpapi), /GetTcpStatisticsEx\(23\): ERROR_INVALID_PARAMETER/);
  });
});

describe('addTcpStatistics', () => {
  it('wraps where its parts wrap: their sum goes on from zero, it does not fall back to the other part', () => {
    const almost = new Uint32Array(15).fill(0xffffffff);
    const other = new Uint32Array(15).fill(1_000_000);
    const before = addTcpStatistics([almost, other]).inSegments!;
    const after = addTcpStatistics([new Uint32Array(15).fill(4), other]).inSegments!;
    assert.equal(before, 999_999);
    assert.equal(after - before, 5);
  });
});

function read(byFamily: Record<number, Uint32Array>) {
  return readTcpStatistics(
    fakeIphlpapi({
      getTcpStatisticsEx(statistics, family) {
        const values = byFamily[family];
        if (values !== undefined) statistics.set(values);
        return values === undefined ? 50 : 0;
      },
    }),
  );
}
