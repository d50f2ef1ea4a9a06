import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { checkProperty } from './check-property.ts';
import { collectWords } from './engine/dictionary.ts';
import { execute } from './engine/execute.ts';
import { makeFolder } from './engine/folder.ts';
import { mutate } from './engine/mutate.ts';
import { createRandom } from './engine/random.ts';
import type { FuzzTarget } from './target.ts';
import { TARGETS } from './targets/index.ts';

/** Of all seeds of a target together: long ones are cut and flipped at places spread evenly. */
const MOST_CUTS = 600;
const MOST_FLIPS = 200;
/** Inputs here are short, and not looked for by what they reach: that is `npm run fuzz`. */
const LONGEST_INPUT = 4096;

const folder = makeFolder();
after(() => rmSync(folder, { recursive: true, force: true }));

for (const [name, target] of Object.entries(TARGETS)) {
  describe(`${name}: ${target.holds}`, () => {
    const seeds = seedsOf(target);

    it('for what was recorded', async () => {
      for (const seed of seeds) await check(target, seed);
    });

    it('for every truncation of it', async () => {
      for (const cut of seeds.flatMap((seed) => cutsOf(seed, MOST_CUTS / seeds.length))) await check(target, cut);
    });

    it('for single bits that are wrong', async () => {
      for (const flipped of seeds.flatMap((seed) => flipsOf(seed, MOST_FLIPS / seeds.length)))
        await check(target, flipped);
    });

    it('for any bytes, and for lengths, counts, words and pieces in wrong places', async (t) => {
      await checkProperty(
        t,
        fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), (bytes) => check(target, Buffer.from(bytes))),
        50,
      );
      const material = { corpus: seeds, words: wordsOf(target) };
      const mutation = fc.nat().map((seed) => mutate(createRandom(seed), material, LONGEST_INPUT));
      await checkProperty(
        t,
        fc.asyncProperty(mutation, (input) => check(target, input)),
      );
    });
  });
}

async function check(target: FuzzTarget, input: Buffer): Promise<void> {
  const trouble = await execute(target, input, folder);
  if (trouble !== undefined)
    assert.fail(`${trouble.kind}: ${trouble.text}\ninput (base64): ${input.toString('base64')}`);
}

function seedsOf(target: FuzzTarget): Buffer[] {
  const read = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
  return target.seeds(read).map((seed) => Buffer.from(seed as Uint8Array));
}

function wordsOf({ drives, words = [] }: FuzzTarget): Buffer[] {
  const files = new Set(drives.map((each) => each.split('#')[0]!));
  const sources = [...files].map((file) => readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8'));
  return [...sources.flatMap(collectWords), ...words.map((word) => Buffer.from(word))];
}

function cutsOf(seed: Buffer, most: number): Buffer[] {
  const step = Math.max(1, Math.ceil(seed.length / most));
  return Array.from({ length: Math.ceil(seed.length / step) }, (_, index) => seed.subarray(0, index * step));
}

function flipsOf(seed: Buffer, most: number): Buffer[] {
  const bits = seed.length * 8;
  const step = Math.max(1, Math.ceil(bits / most)) | 1; // odd: every bit of a byte has its turn
  return Array.from({ length: Math.ceil(bits / step) }, (_, index) => {
    const flipped = Buffer.from(seed);
    flipped[(index * step) >> 3]! ^= 1 << ((index * step) & 7);
    return flipped;
  });
}
