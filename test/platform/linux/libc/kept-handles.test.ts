import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keepHandles } from '../../../../src/platform/linux/libc/kept-handles.ts';
import type { Libc } from '../../../../src/platform/linux/libc/libc.ts';

describe('keepHandles', () => {
  it('notes each descriptor from its opening to its closing', () => {
    const { libc, slots } = keep([7, 0, 9]);
    libc.open(new Uint8Array(), 0);
    libc.socket(1, 2, 3);
    assert.deepEqual([...slots], [8, 1, 0]);
    libc.close(7);
    assert.deepEqual([...slots], [0, 1, 0]);
    libc.open(new Uint8Array(), 0);
    assert.deepEqual([...slots], [10, 1, 0]);
  });

  it('forgets a descriptor before it is closed: its number may be another one’s at once', () => {
    const { libc, slots, seenAtClose } = keep([7]);
    libc.open(new Uint8Array(), 0);
    libc.close(7);
    assert.deepEqual(seenAtClose, [[0, 0, 0]]);
    assert.deepEqual([...slots], [0, 0, 0]);
  });

  it('notes nothing that is not open, and goes on when there is no room', () => {
    const { libc, slots } = keep([-1, 1, 2, 3, 4]);
    assert.equal(libc.open(new Uint8Array(), 0), -1);
    assert.deepEqual([...slots], [0, 0, 0]);
    for (const fd of [1, 2, 3, 4]) assert.equal(libc.socket(1, 2, 3), fd);
    assert.deepEqual([...slots], [2, 3, 4]);
    libc.close(4);
    assert.deepEqual([...slots], [2, 3, 4]);
  });
});

/** Calls that open these descriptors, one after the other. */
function keep(descriptors: number[]) {
  const slots = new Int32Array(3);
  const seenAtClose: number[][] = [];
  const libc: Partial<Libc> = {
    open: () => descriptors.shift()!,
    socket: () => descriptors.shift()!,
    close() {
      seenAtClose.push([...slots]);
      return 0;
    },
  };
  return { libc: keepHandles(libc as Libc, slots), slots, seenAtClose };
}
