import type { EphemeralRules } from '../../model/ephemeral-rules.ts';
import type { EphemeralRange } from '../../model/port-range.ts';
import type { Refreshed } from './commands/refreshed.ts';

/**
 * How Windows hands out ephemeral ports: each blocks every destination, TIME_WAIT included. Leaves out a family whose
 * range is unknown; throws if both are.
 */
export function ephemeralRulesOf(
  ranges: Readonly<Record<'ipv4' | 'ipv6', Refreshed<EphemeralRange>>>,
  timeWaitSeconds: number | undefined,
): EphemeralRules {
  const ipv4 = attempt(ranges.ipv4);
  const ipv6 = attempt(ranges.ipv6);
  if (ipv4.value === undefined && ipv6.value === undefined) throw ipv4.error;
  return {
    ranges: { ...(ipv4.value && { ipv4: ipv4.value }), ...(ipv6.value && { ipv6: ipv6.value }) },
    heldAgainst: 'host',
    timeWaitReuse: { scope: 'never', afterMs: 0 },
    timeWaitMs: timeWaitSeconds === undefined ? undefined : timeWaitSeconds * 1000,
  };
}

function attempt<Value>(refreshed: Refreshed<Value>): { value?: Value; error?: unknown } {
  try {
    return { value: refreshed.read() };
  } catch (error) {
    return { error };
  }
}
