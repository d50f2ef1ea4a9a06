import type { FuzzTarget } from './target.ts';

const PLANTED: Omit<FuzzTarget, 'run'> = { drives: [], holds: 'nothing', seeds: () => ['harmless'] };

/** Decoders with a mistake each, to prove that fuzzing finds it. */
export const TARGETS: Readonly<Record<string, FuzzTarget>> = {
  magic: {
    ...PLANTED,
    run(input) {
      if (input[0] === 0xca && input[1] === 0xfe && input[2] === 0x07) throw new TypeError('three bytes');
    },
  },
  hang: {
    ...PLANTED,
    run(input) {
      if (input.length < 4) for (;;);
    },
  },
  memory: {
    ...PLANTED,
    run(input) {
      if (input.length >= 4) new Uint8Array(Math.min(input.readUInt32LE(0), 100_000_000));
    },
  },
  slow: {
    ...PLANTED,
    run(input) {
      let sum = 0;
      for (let left = input.length ** 2; left > 0; left--) sum += left % 7;
      if (sum < 0) throw new Error('never');
    },
  },
  crash: {
    ...PLANTED,
    run(input) {
      if (input.length > 12) process.abort();
    },
  },
  rejection: {
    ...PLANTED,
    async run(input) {
      if (input.length === 5) throw new RangeError('five bytes');
    },
  },
  sound: {
    ...PLANTED,
    run() {},
  },
};
