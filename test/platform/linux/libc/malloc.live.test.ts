import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import koffi from 'koffi';
import { loadLibc } from '../../../../src/platform/linux/libc/libc.ts';
import { keepLargeArraysApart } from '../../../../src/platform/linux/libc/malloc.ts';

const MEGABYTE = 1024 * 1024;
const libc = loadLibc();

describe('keepLargeArraysApart', { skip: libc.mallopt === undefined && 'skipped: needs glibc' }, () => {
  it('has large blocks mapped by themselves, whatever was freed before, and small ones not', () => {
    const { isMapped, freeMapped } = bindAllocator();
    freeMapped(20 * MEGABYTE);
    assert.equal(isMapped(2 * MEGABYTE), false, 'glibc has raised its threshold');
    keepLargeArraysApart(libc);
    freeMapped(20 * MEGABYTE);
    assert.equal(isMapped(8 * MEGABYTE), true);
    assert.equal(isMapped(MEGABYTE / 2), false);
  });
});

/** The allocator that typed arrays come from. `hblks`: blocks that are mappings of their own (man 3 mallinfo). */
function bindAllocator() {
  const glibc = koffi.load(null);
  const fields = [
    'arena',
    'ordblks',
    'smblks',
    'hblks',
    'hblkhd',
    'usmblks',
    'fsmblks',
    'uordblks',
    'fordblks',
    'keepcost',
  ];
  koffi.struct('mallinfo', Object.fromEntries(fields.map((name) => [name, 'int'])));
  const mallinfo = glibc.func('mallinfo mallinfo()') as () => { readonly hblks: number };
  const malloc = glibc.func('void *malloc(size_t size)') as (size: number) => unknown;
  const free = glibc.func('void free(void *block)') as (block: unknown) => void;
  return { isMapped, freeMapped: (size: number) => free(malloc(size)) };

  function isMapped(size: number): boolean {
    const before = mallinfo().hblks;
    const block = malloc(size);
    const { hblks } = mallinfo();
    free(block);
    return hblks > before;
  }
}
