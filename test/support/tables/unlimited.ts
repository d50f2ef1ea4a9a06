import { DEFAULT_LIMITS, type TallyLimits } from '../../../src/model/limits.ts';

/** Limits that no hand-made table of a test reaches. */
export const UNLIMITED: TallyLimits = {
  ...DEFAULT_LIMITS,
  connections: 5000,
  localPorts: 5000,
  remoteIps: 5000,
  processes: 5000,
  destinations: 5000,
};
