import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  createProgramPageDropper,
  parseCleanMappings,
  parseCodeRange,
} from '../../../src/platform/linux/program-pages.ts';
import { fakeLibc } from '../../fuzz/targets/fake-libc.ts';
import { RECORDED } from './procfs/fake-procfs.ts';

const CODE = { start: 0x5000n, end: 0x8100n };
const PROGRAM = '/usr/bin/node';

function mapping(range: string, mode: string, { path = PROGRAM, anonymous = 0, swap = 0 } = {}): string {
  return `${range} ${mode} 00001000 fe:00 260689                             ${path}
Size:                 12 kB
Rss:                  12 kB
Private_Dirty:         0 kB
Anonymous:        ${anonymous} kB
AnonHugePages:         0 kB
Swap:              ${swap} kB
SwapPss:               0 kB
VmFlags: rd ex mr mw me
`;
}

const clean = (...mappings: string[]) =>
  parseCleanMappings(mappings.join(''), PROGRAM, CODE).map(({ start, end }) => [Number(start), Number(end)]);

describe('parseCleanMappings', () => {
  it('finds code and constants of the program', () => {
    const maps = [mapping('1000-3000', 'r--p'), mapping('5000-9000', 'r-xp'), mapping('9000-a000', 'r--p')];
    assert.deepEqual(clean(...maps), [
      [0x1000, 0x3000],
      [0x5000, 0x9000],
      [0x9000, 0xa000],
    ]);
  });

  it('leaves alone what may be written to, other files and memory without one', () => {
    const others = [mapping('1000-3000', 'rw-p'), mapping('3000-4000', 'rwxp'), mapping('4000-5000', 'r--s')];
    const elsewhere = [`${PROGRAM} (deleted)`, '/usr/lib/libc.so.6', '', '[vdso]'].map((path) =>
      mapping('6000-7000', 'r--p', { path }),
    );
    assert.deepEqual(clean(...others, ...elsewhere, mapping('9000-a000', 'r--p')), [[0x9000, 0xa000]]);
  });

  it('leaves alone what was written to once, in memory or in swap, such as relocated pointers', () => {
    const written = mapping('1000-3000', 'r--p', { anonymous: 4 });
    const swapped = mapping('3000-4000', 'r--p', { swap: 8 });
    assert.deepEqual(clean(written, swapped, mapping('5000-6000', 'r-xp', { anonymous: 4 })), []);
  });

  it('leaves alone code that is mapped a second time', () => {
    const code = mapping('7f3cdbe40000-7f3cdbfd2000', 'r-xp');
    assert.deepEqual(clean(mapping('5000-9000', 'r-xp'), code), [[0x5000, 0x9000]]);
  });

  it('leaves alone a mapping whose state is not told', () => {
    assert.deepEqual(clean('1000-3000 r--p 00001000 fe:00 260689 /usr/bin/node\nRss: 12 kB\n'), []);
  });
});

describe('parseCodeRange', () => {
  it('reads fields 26 and 27, whatever the name', () => {
    const stat = `12 (a) b (c) S 1 ${'0 '.repeat(21)}4194304 39846385 140723 0`;
    assert.deepEqual(parseCodeRange(stat), { start: 4194304n, end: 39846385n });
  });

  it('has no answer for other text', () => {
    for (const text of ['', '1 (a) S 1', `1 (a) S 1 ${'x '.repeat(30)}`]) assert.equal(parseCodeRange(text), undefined);
  });
});

describe('createProgramPageDropper', () => {
  it('acts at the calls 1, 2, 4, 8, with whole ranges and MADV_DONTNEED', () => {
    const advised: unknown[] = [];
    const libc = fakeLibc({ madvise: (...call) => advised.push(call) });
    const drop = createProgramPageDropper(libc, '/proc');
    const counts = Array.from({ length: 9 }, () => {
      advised.length = 0;
      drop();
      for (const [start, length, advice] of advised as [bigint, bigint, number][]) {
        assert.equal(start % 4096n, 0n);
        assert.ok(length > 0n && length % 4096n === 0n);
        assert.equal(advice, 4);
      }
      return advised.length > 0;
    });
    assert.deepEqual(counts, [true, true, false, true, false, false, false, true, false]);
  });

  it('does nothing where it cannot read, or there is no madvise()', () => {
    const libc = fakeLibc({ madvise: () => assert.fail('called') });
    createProgramPageDropper(libc, '/nowhere')();
    createProgramPageDropper(libc, RECORDED)();
    const { madvise, ...older } = fakeLibc({});
    createProgramPageDropper(older, '/proc')();
  });
});
