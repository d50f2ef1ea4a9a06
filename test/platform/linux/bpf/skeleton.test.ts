import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { retryInterrupted } from '../../../../src/platform/linux/bpf/skeleton.ts';
import { SystemCallError } from '../../../../src/platform/linux/libc/libc.ts';

const EPERM = 1;
const EAGAIN = 11;

/** Fails with one errno after the other, then works. Returns how often it was called. */
function attemptsWith(errnos: readonly number[]): number {
  let calls = 0;
  retryInterrupted(() => {
    const errno = errnos[calls++];
    if (errno !== undefined) throw new SystemCallError('bpf(BPF_PROG_LOAD)', errno);
  });
  return calls;
}

describe('loading a program that a signal interrupts', () => {
  it('is tried again, five times in all', () => {
    assert.equal(attemptsWith([]), 1);
    assert.equal(attemptsWith([EAGAIN, EAGAIN, EAGAIN, EAGAIN]), 5);
    assert.throws(() => attemptsWith(Array(5).fill(EAGAIN)), /bpf\(BPF_PROG_LOAD\): EAGAIN/);
  });

  it('is not tried again after any other failure', () => {
    assert.throws(() => attemptsWith([EPERM, EAGAIN]), /EPERM/);
  });
});
