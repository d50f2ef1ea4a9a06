import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { selfTimes } from '../../bench/cpu-profile.ts';
import { median, percentile } from '../../bench/statistics.ts';

function frame(functionName: string, url = '', lineNumber = -1) {
  return { functionName, url, lineNumber };
}

describe('selfTimes', () => {
  it('adds up the samples of a function, wherever it was called from, and leaves out idle time', () => {
    const { rows, busyMs } = selfTimes({
      nodes: [
        { id: 1, callFrame: frame('(idle)') },
        { id: 2, callFrame: frame('decode', 'file:///somewhere/dist/a.js', 9) },
        { id: 3, callFrame: frame('decode', 'file:///somewhere/dist/a.js', 9) },
        { id: 4, callFrame: frame('', 'file:///somewhere/dist/b.js', 0) },
      ],
      samples: [1, 2, 3, 4, 1],
      timeDeltas: [100, 5000, 2000, 1000, 4000],
    });
    assert.deepEqual(
      rows,
      [
        { name: 'decode', place: '/dist/a.js:10', ms: 3 },
        { name: '(anonymous)', place: '/dist/b.js:1', ms: 4 },
      ].sort((left, right) => right.ms - left.ms),
    );
    assert.equal(busyMs, 7);
  });
});

describe('median and percentile', () => {
  it('take the middle and the tail', () => {
    assert.deepEqual([median([5, 1, 3]), median([4, 1, 3, 2]), median([7])], [3, 2.5, 7]);
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    assert.deepEqual([percentile(hundred, 0.99), percentile(hundred, 1), percentile([7], 0.99)], [99, 100, 7]);
    assert.throws(() => median([]), /no values/);
  });
});
