import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDuration } from '../../src/config/duration.ts';

describe('parseDuration', () => {
  it('reads sums of parts, each with a unit, and a bare 0', () => {
    assert.equal(parseDuration('1m30s'), 90_000);
    assert.equal(parseDuration('1.5h.5s'), 5_400_500);
    assert.equal(parseDuration('10µs'), 0.01);
    assert.equal(parseDuration('0'), 0);
  });

  it('refuses everything else', () => {
    for (const text of ['', '5', '1s ', ' 1s', '-1s', '+1s', '1 s', '1s2', 's', '1S', '0x1s', '1e3s']) {
      assert.equal(parseDuration(text), undefined, text);
    }
  });

  it('refuses what Go cannot hold', () => {
    assert.equal(parseDuration('2562047h'), 9_223_369_200_000);
    assert.equal(parseDuration('2562048h'), undefined);
    assert.equal(parseDuration(`${'9'.repeat(400)}h`), undefined);
  });

  it('takes no longer than the text is long', () => {
    const start = performance.now();
    assert.equal(parseDuration('1'.repeat(300_000)), undefined);
    assert.ok(performance.now() - start < 1000, `${performance.now() - start} ms`);
  });
});
