import type { CountingInput } from '../../../src/collector/counting.ts';

/** Nothing is known besides the rows. */
export const BARE_INPUT: CountingInput = {
  rules: undefined,
  hasOwners: false,
  nameOfGroup: undefined,
  closeWait: undefined,
  listenerDrops: undefined,
  processFds: undefined,
  unsupportedStates: [],
};
