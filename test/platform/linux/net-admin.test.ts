import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Libc } from '../../../src/platform/linux/libc/libc.ts';
import { giveUpNetAdmin } from '../../../src/platform/linux/net-admin.ts';
import { fakeLibc, fill } from '../../fuzz/targets/fake-libc.ts';

const ALL = Buffer.from(new Uint32Array([0xffffffff, 0xffffffff, 0, 0x1ff, 0x1ff, 0]).buffer);

function setBy(calls: Partial<Libc>): string[] {
  const sets: string[] = [];
  const capset = (header: Uint8Array, data: Uint8Array) => {
    sets.push(`${Buffer.from(header).toString('hex')} ${Buffer.from(data).toString('hex')}`);
    return 0;
  };
  giveUpNetAdmin(fakeLibc({ capset, ...calls }));
  return sets;
}

describe('giveUpNetAdmin', () => {
  it('sets what the thread has, less one bit of the effective set', () => {
    const capget = (_header: Uint8Array, data: Uint8Array) => Math.min(0, fill(data, ALL, ALL.length));
    const without = Buffer.from(ALL);
    without[1] = 0xef; // bit 12
    assert.deepEqual(setBy({ capget }), [`2205082000000000 ${without.toString('hex')}`]);
  });

  it('leaves them alone where they cannot be read', () => {
    assert.deepEqual(setBy({ capget: () => -1 }), []);
    assert.deepEqual(setBy({}), []);
  });

  it('sets nothing where there is nothing to give up', () => {
    const nothing = (_header: Uint8Array, data: Uint8Array) => Math.min(0, fill(data, Buffer.alloc(24), 24));
    assert.deepEqual(setBy({ capget: nothing }), []);
  });
});
