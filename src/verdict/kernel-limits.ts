import { type Found, known } from './compose.ts';
import { counterRate, type Evidence } from './evidence.ts';
import { bytes, count, percent, perSecond } from './words.ts';

/** Orphans and TCP memory against their limits, and connections that the kernel reset to save memory. */
export function findKernelLimits(evidence: Evidence): Found[] {
  return [...findOrphans(evidence), ...findMemory(evidence), ...findAborts(evidence)];
}

function findOrphans({ now, thresholds }: Evidence): Found[] {
  const { orphans, orphanLimit } = now.memory ?? {};
  if (orphans === undefined || !orphanLimit || orphans / orphanLimit <= thresholds.orphans) return [];
  return [
    {
      kind: 'orphans_near_limit',
      severity: 'warning',
      subject: { type: 'limit', limit: 'orphans' },
      numbers: { orphans, limit: orphanLimit },
      headline: `Sockets that no process owns any more are ${percent(orphans / orphanLimit)} of their limit: ${count(orphans)} of ${count(orphanLimit)}.`,
    },
  ];
}

function findMemory({ now, thresholds }: Evidence): Found[] {
  const { bytes: used, limitBytes } = now.memory ?? {};
  if (used === undefined || !limitBytes || used / limitBytes <= thresholds.tcpMemory) return [];
  return [
    {
      kind: 'tcp_memory_near_limit',
      severity: 'warning',
      subject: { type: 'limit', limit: 'tcp_memory' },
      numbers: { bytes: used, limitBytes },
      headline: `TCP buffers hold ${percent(used / limitBytes)} of the memory they may have: ${bytes(used)} of ${bytes(limitBytes)}.`,
    },
  ];
}

/** None is normal, so one is enough. */
function findAborts(evidence: Evidence): Found[] {
  const aborts = counterRate(evidence, 'abortOnMemory');
  if (aborts === undefined || aborts.perSecond <= evidence.thresholds.abortsOnMemory) return [];
  return [
    {
      kind: 'aborted_for_memory',
      severity: 'warning',
      subject: { type: 'limit', limit: 'tcp_memory' },
      numbers: known({ abortsPerSecond: aborts.perSecond }),
      headline: `The kernel resets ${perSecond(aborts.perSecond)} connections to save memory.`,
    },
  ];
}
