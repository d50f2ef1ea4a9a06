import type { TestContext } from 'node:test';
import fc from 'fast-check';

/** Another one: `FUZZ_SEED=7 npm test -- test/fuzz`. */
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_121);

/** Holds a property against inputs that are the same in every run; the seed stands in the report. */
export async function checkProperty<Values>(
  t: TestContext,
  property: fc.IRawProperty<Values>,
  numRuns = 200,
): Promise<void> {
  t.diagnostic(`seed ${SEED}`);
  await fc.assert(property, { seed: SEED, numRuns });
}
