import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import type { ReadStream } from 'node:tty';
import { openKeyboard } from '../../src/diagnose/keyboard.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGTSTP', 'SIGCONT'] as const;

describe('the keyboard', () => {
  for (const key of ['q', 'Q', '\u0003'])
    it(`ends a watch by ${JSON.stringify(key)}, and is left as it was`, () => {
      const { keyboard, input, modes } = open();
      input.write('x');
      assert.equal(keyboard.ended.aborted, false);
      input.write(key);
      assert.equal(keyboard.ended.aborted, true);
      keyboard.close();
      assert.deepEqual(modes, [true, false]);
      assert.equal(input.listenerCount('data'), 0);
    });

  it('ends a watch by a signal as well, and listens to none afterwards', () => {
    const listening = () => SIGNALS.map((signal) => process.listenerCount(signal));
    const before = listening();
    const { keyboard, modes } = open();
    assert.deepEqual(
      listening(),
      before.map((count) => count + 1),
    );
    process.emit('SIGTERM', 'SIGTERM');
    assert.equal(keyboard.ended.aborted, true);
    keyboard.close();
    assert.deepEqual([modes, listening()], [[true, false], before]);
  });

  it('is not touched in the background, and taken when the job comes to the foreground', () => {
    let isForeground = false;
    const { keyboard, input, modes, told } = open(() => isForeground);
    assert.deepEqual([modes, input.listenerCount('data')], [[], 0]);
    isForeground = true;
    process.emit('SIGCONT', 'SIGCONT');
    assert.deepEqual([modes, told], [[true], ['goes on']]);
    input.write('q');
    assert.equal(keyboard.ended.aborted, true);
    keyboard.close();
  });
});

function open(isForeground = () => true) {
  const modes: boolean[] = [];
  const told: string[] = [];
  const input = Object.assign(new PassThrough(), { setRawMode: (mode: boolean) => modes.push(mode), isTTY: true });
  const keyboard = openKeyboard({
    input: input as unknown as ReadStream,
    isForeground,
    onStop: () => told.push('stops'),
    onContinue: () => told.push('goes on'),
  });
  return { keyboard, input, modes, told };
}
