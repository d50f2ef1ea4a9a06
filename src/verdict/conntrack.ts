import { type Found, known } from './compose.ts';
import { type Evidence, rateOf } from './evidence.ts';
import { DEFAULT_THRESHOLDS } from './thresholds.ts';
import { count, percent, perSecond } from './words.ts';

const SUBJECT = { type: 'limit', limit: 'conntrack' } as const;

/** The table of connection tracking: full, filling, or dropping though it has room. */
export function findConntrack(evidence: Evidence): Found[] {
  const { now, thresholds } = evidence;
  if (now.conntrack === undefined || now.conntrack.limit <= 0) return [];
  const { entries, limit } = now.conntrack;
  const ratio = Math.min(1, entries / limit);
  const isCritical = ratio > thresholds.conntrackFull;
  const isFull = isCritical && ratio > DEFAULT_THRESHOLDS.conntrackFull; // a limit of the user does not fill it
  if (!isCritical && ratio <= thresholds.conntrackHigh) return findDrops(evidence);
  return [
    {
      kind: isFull ? 'conntrack_full' : 'conntrack_high',
      severity: isCritical ? 'critical' : 'warning',
      subject: SUBJECT,
      numbers: { entries, limit, utilizationRatio: ratio },
      headline: `The connection tracking table is ${percent(ratio)} full: ${count(entries)} of ${count(limit)} entries.`,
    },
    ...(isFull ? [] : findDrops(evidence)),
  ];
}

/** Two counters see the same packet, so the larger one counts. */
function findDrops(evidence: Evidence): Found[] {
  const { thresholds } = evidence;
  const refused = rateOf(evidence, ({ conntrack }) => conntrack?.insertFailed);
  const dropped = rateOf(evidence, ({ conntrack }) => conntrack?.drops);
  const worse = (refused?.events ?? 0) > (dropped?.events ?? 0) ? refused : dropped;
  if (worse === undefined || worse.events < thresholds.leastEvents || worse.perSecond <= thresholds.conntrackDrops)
    return [];
  return [
    {
      kind: 'conntrack_drops',
      severity: 'warning',
      subject: SUBJECT,
      numbers: known({ dropsPerSecond: worse.perSecond, entries: evidence.now.conntrack?.entries }),
      headline: `Connection tracking drops ${perSecond(worse.perSecond)} packets of new connections though its table has room.`,
    },
  ];
}
