import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseGoDuration } from '../../src/config/duration.ts';

describe('parseGoDuration', () => {
  it('reads sums of parts, each with a unit, and a bare 0', () => {
    assert.equal(parseGoDuration('1m30s'), 90_000);
    assert.equal(parseGoDuration('1.5h.5s'), 5_400_500);
    assert.equal(parseGoDuration('10µs'), 0.01);
    assert.equal(parseGoDuration('0'), 0);
  });

  it('refuses everything else', () => {
    for (const text of ['', '5', '1s ', ' 1s', '-1s', '+1s', '1 s', '1s2', 's', '1S', '0x1s', '1e3s']) {
      assert.equal(parseGoDuration(text), undefined, text);
    }
  });

  it('refuses what Go cannot hold', () => {
    assert.equal(parseGoDuration('2562047h'), 9_223_369_200_000);
    assert.equal(parseGoDuration('2562048h'), undefined);
    assert.equal(parseGoDuration(`${'9'.repeat(400)}h`), undefined);
  });

  it('takes no longer than the text is long', () => {
    const start = performance.now();
    assert.equal(parseGoDuration('1'.repeat(300_000)), undefined);
    assert.ok(performance.now() - start < 1000, `${performance.now() - start} ms`);
  });
});
