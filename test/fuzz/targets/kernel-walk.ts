import assert from 'node:assert/strict';
import { KERNEL_ROW_WORDS } from '../../../src/platform/linux/bpf/kernel-walk.ts';
import { decodeRun, type RowContext } from '../../../src/platform/linux/bpf/walk-rows.ts';
import { CloseWaitClock } from '../../../src/platform/linux/rows/close-wait-clock.ts';
import { RepeatedRows } from '../../../src/platform/linux/rows/repeated-rows.ts';
import { SocketTable } from '../../../src/table/socket-table.ts';
import type { FuzzTarget } from '../target.ts';
import { checkRows } from './check-rows.ts';

const ROW_BYTES = KERNEL_ROW_WORDS * 4;

/** Rows of a walk: ports, kind (family and state), inode, interface, cgroup, two numbers, both addresses. */
const SEEDS = [
  [0x01bb_9c40, 0x0201, 4711, 0, 77, 1, 0, 0, 0x0100007f, 0, 0, 0, 0x0200007f, 0, 0, 0],
  [0x0000_0050, 0x0a0a, 4712, 3, 77, 1, 5, 128, 0, 0, 0, 0, 0, 0, 0, 0],
  [0x01bb_9c41, 0x0a06, 0, 0, 0, 0, 15_000, 0, 0, 0, -65_536, 0x0100007f, 0, 0, -65_536, 0x0200007f],
  [0x01bb_9c42, 0x0a08, 4713, 2, 78, 1, 900, 0x1234, 0x80fe, 0, 0, 1, 0x80fe, 0, 0, 2],
];

export const KERNEL_WALK: Readonly<Record<string, FuzzTarget>> = {
  'kernel-walk': {
    drives: ['platform/linux/bpf/walk-rows.ts#decodeRun', 'platform/linux/bpf/walk-rows.ts#decodeRow'],
    holds: 'as many rows as were given, each with a family, state, address and group that exist, read twice',
    seeds: () => [...SEEDS.map((words) => toBytes(words)), toBytes(SEEDS.flat())],
    run(input) {
      const length = Math.floor(input.length / ROW_BYTES);
      const firstMore = length * KERNEL_ROW_WORDS;
      const words = new Int32Array(firstMore + length);
      new Uint8Array(words.buffer).set(input.subarray(0, length * ROW_BYTES));
      const table = new SocketTable();
      const context: RowContext = { repeated: new RepeatedRows(), hz: 250, clock: new CloseWaitClock() };
      const read = () => {
        context.repeated.begin();
        decodeRun({ words, firstRow: 0, length, firstMore, firstNetns: undefined }, table, context);
        table.finish();
      };
      read();
      assert.equal(table.length, length);
      checkRows(table, length);
      table.commit();
      table.turn();
      read();
      assert.equal(table.length, length);
      checkRows(table, 2 * length);
    },
  },
};

function toBytes(words: readonly number[]): Buffer {
  return Buffer.from(new Int32Array(words).buffer);
}
