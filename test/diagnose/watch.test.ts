import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { fit, openScreen, unlessEnded, waitFor } from '../../src/diagnose/watch.ts';

describe('the screen', () => {
  it('is redrawn in place, each time as one update', () => {
    const { screen, written } = open();
    screen.draw('OK  10:42:07\nports 1 %');
    screen.draw('OK  10:42:09\nports 1 %');
    screen.leave();
    const text = written();
    assert.ok(!text.includes('\u001b[2J') && !text.includes('\u001bc'), JSON.stringify(text));
    assert.deepEqual(text.match(/\?2026[hl]/g), ['?2026h', '?2026l', '?2026h', '?2026l']);
    assert.ok(text.includes('10:42:09'));
  });

  it('says below everything how to end it, however much there is', () => {
    for (const [lines, above] of [
      [3, 'line'],
      [40, '… (the terminal has no more lines)'],
    ] as const) {
      const { screen, written } = open();
      screen.draw('line\n'.repeat(lines));
      const shown = stripVTControlCharacters(written()).trimEnd().split('\n');
      screen.leave();
      assert.deepEqual(shown.slice(-2), [above, 'q ends it']);
      assert.ok(shown.length < 24);
    }
  });

  it('draws the same again below what others wrote meanwhile', () => {
    const { screen, written } = open();
    screen.redraw();
    assert.equal(written(), '');
    screen.draw('OK  10:42:07');
    screen.leave();
    written();
    screen.redraw();
    assert.match(written(), /OK {2}10:42:07/);
    screen.leave();
  });

  it('shows what fits and says that there is more', () => {
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`).join('\n');
    assert.equal(fit(lines, 24).split('\n').length, 22);
    assert.match(fit(lines, 24), /line 20\n… \(the terminal has no more lines\)$/);
    assert.equal(fit('a\nb\n', 24), 'a\nb');
  });
});

describe('what is waited for', () => {
  it('comes, unless it is told to end', async () => {
    const { signal } = new AbortController();
    assert.equal(await waitFor(20, signal), true);
    assert.equal(await unlessEnded(Promise.resolve('seen'), signal), 'seen');
  });

  it('ends at once when it is told to', async () => {
    const ending = new AbortController();
    const waiting = waitFor(60_000, ending.signal);
    const looking = unlessEnded(new Promise(() => {}), ending.signal);
    ending.abort();
    assert.deepEqual([await waiting, await looking], [false, undefined]);
    assert.equal(await waitFor(60_000, ending.signal), false);
    assert.equal(await unlessEnded(Promise.reject(new Error('too late')), ending.signal), undefined);
  });
});

function open() {
  const output = Object.assign(new PassThrough(), { columns: 80, rows: 24, isTTY: true });
  return { screen: openScreen(output as unknown as WriteStream), written: () => String(output.read() ?? '') };
}
