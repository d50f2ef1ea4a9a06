import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HeldFds, OTHER, UNKNOWN, YOUNG } from '../../../../src/platform/linux/owners/held-fds.ts';

const anyFd = fc.oneof(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 1_000_000, max: 1_000_300 }));
const anyMark = fc.oneof(fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.constantFrom(UNKNOWN, OTHER, YOUNG, -7));

describe('HeldFds', () => {
  it('answers as a Map would', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyFd, anyMark), { maxLength: 60 }), anyFd, (marks, from) => {
        const held = new HeldFds();
        const model = new Map<number, number>();
        for (const [fd, mark] of marks) {
          held.set(fd, mark);
          if (mark === UNKNOWN) model.delete(fd);
          else model.set(fd, mark);
        }
        for (const [fd] of marks) assert.equal(held.get(fd), model.get(fd) ?? UNKNOWN);
        const count = (wanted: (mark: number) => boolean) => [...model.values()].filter(wanted).length;
        assert.equal(
          held.others,
          count((mark) => mark === OTHER),
        );
        assert.equal(
          held.sockets,
          count((mark) => mark !== OTHER && mark !== YOUNG),
        );
        const highest = Math.max(-1, ...marks.filter(([, mark]) => mark !== UNKNOWN).map(([fd]) => fd));
        assert.equal(held.top, highest + 1);
        const end = highest + 1;
        const seen = [...model.keys()].filter((fd) => fd >= from && fd < end).sort((a, b) => a - b);
        if (from < end) assert.equal(held.nextSeen(from, end), seen[0] ?? end);
        let candidate = from;
        for (; candidate < end; candidate++) if ((model.get(candidate) ?? YOUNG) === YOUNG) break;
        assert.equal(held.nextCandidate(from), candidate);
      }),
    );
  });

  it('forgets nothing below the descriptor it shrinks to', () => {
    const held = new HeldFds();
    held.set(300, 7);
    held.set(90_000, 8);
    held.set(90_000, UNKNOWN);
    held.shrink(301);
    assert.deepEqual([held.get(300), held.get(90_000), held.top, held.sockets], [7, UNKNOWN, 301, 1]);
    held.set(400, 9);
    assert.deepEqual([held.get(400), held.top, held.sockets], [9, 401, 2]);
  });
});
