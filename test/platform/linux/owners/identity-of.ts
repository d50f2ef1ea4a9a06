import type { ProcessIdentity } from '../../../../src/platform/linux/owners/process-identity.ts';

/** A process whose command line stays where it is. */
export function identityOf(
  given: Pick<ProcessIdentity, 'startTime' | 'name' | 'folder'> & Partial<ProcessIdentity>,
): ProcessIdentity {
  return { argStart: 0, threadCount: 1, ...given };
}
