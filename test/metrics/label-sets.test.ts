import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gauge } from '../../src/metrics/family.ts';
import { labelSetsOf } from '../../src/metrics/label-sets.ts';

/** The label sets of a page with these samples of two labels. */
function setsOf(name: string, ...labels: (readonly [string, string])[]) {
  return labelSetsOf(
    gauge(
      name,
      ['state', 'process'],
      'Help.',
      labels.map((each) => ({ labels: each, value: 1 })),
    ),
  );
}

describe('labelSetsOf', () => {
  it('keeps the object of a sample that stays on the page, wherever it stands there', () => {
    const [first, second] = setsOf('stays', ['a', 'x'], ['b', 'y']);
    const [other, secondAgain, firstAgain] = setsOf('stays', ['c', 'z'], ['b', 'y'], ['a', 'x']);
    assert.equal(firstAgain, first);
    assert.equal(secondAgain, second);
    assert.deepEqual(
      [first, second, other],
      [
        { state: 'a', process: 'x' },
        { state: 'b', process: 'y' },
        { state: 'c', process: 'z' },
      ],
    );
  });

  it('forgets what was not on the last page, and keeps metrics apart', () => {
    const [first] = setsOf('goes', ['a', 'x']);
    assert.notEqual(setsOf('another', ['a', 'x'])[0], first);
    setsOf('goes', ['b', 'x']);
    assert.notEqual(setsOf('goes', ['a', 'x'])[0], first);
  });

  it('never takes one sample for another, whatever stands in its labels', () => {
    const labels = [
      ['a', 'b\u0000c'],
      ['a\u0000b', 'c'],
      ['', 'a\u0000b\u0000c'],
    ] as const;
    for (const each of [...labels, ...labels])
      assert.deepEqual(setsOf('odd', each), [{ state: each[0], process: each[1] }]);
    assert.deepEqual(
      setsOf('odd', ...labels),
      labels.map(([state, process]) => ({ state, process })),
    );
  });

  it('notices other names of labels', () => {
    setsOf('renamed', ['a', 'x']);
    const family = gauge('renamed', ['state', 'unit'], 'Help.', [{ labels: ['a', 'x'], value: 1 }]);
    assert.deepEqual(labelSetsOf(family), [{ state: 'a', unit: 'x' }]);
  });
});
