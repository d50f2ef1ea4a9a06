import { compareText } from '../model/compare-text.ts';
import {
  NETNS_COUNTERS,
  NETNS_GAUGES,
  type NetnsCounts,
  type NetnsIdentity,
  type NetnsNumbers,
  type NetnsReading,
  type NetnsReadings,
} from '../model/netns.ts';
import { OTHER_LABEL } from '../table/name-table.ts';

/** A namespace on the last page keeps its place until another is this much larger. */
const HOLD = 1.25;

const OTHER: NetnsIdentity = {
  netns: OTHER_LABEL,
  namespace: '',
  pod: '',
  podUid: '',
  container: '',
  containerId: '',
  inum: undefined,
};

type Sums = { -readonly [Field in keyof NetnsNumbers]: NetnsNumbers[Field] };

/**
 * Keeps the `limit` namespaces with the most sockets, and adds up the others. What those count since they began would make a sum that falls
 * whenever one ends, or gets a place of its own: so to the counters of `other` each namespace adds what it counted while it was there.
 */
export function createNetnsTally(limit: number): (readings: NetnsReadings) => NetnsCounts {
  let held: ReadonlySet<number> = new Set();
  let before: ReadonlyMap<number, NetnsNumbers> = new Map();
  let counted: Sums | undefined;

  return function tally({ read, failed, withoutProcess }) {
    const ranked = [...read].sort((a, b) => scoreOf(b) - scoreOf(a) || compareText(a.netns, b.netns));
    const [kept, folded] = [ranked.slice(0, limit), ranked.slice(limit)];
    if (folded.length > 0 || counted !== undefined) counted = addUp(folded, counted);
    held = new Set(kept.map(({ key }) => key));
    before = new Map(read.map(({ key, numbers }) => [key, numbers]));
    return {
      cells: kept.map(({ key: _, ...cell }) => cell),
      ...(counted && { other: { ...OTHER, numbers: { ...counted } } }),
      folded: folded.length,
      failed,
      withoutProcess: [...withoutProcess]
        .sort((a, b) => compareText(a.netns, b.netns))
        .slice(0, Math.max(0, limit - kept.length)),
      withoutProcessCount: withoutProcess.length,
    };
  };

  function scoreOf({ key, numbers }: NetnsReading): number {
    return (numbers.inUse + numbers.timeWait + 1) * (held.has(key) ? HOLD : 1);
  }

  function addUp(folded: readonly NetnsReading[], last: Sums | undefined): Sums {
    const sums: Sums = { ...last, inUse: 0, timeWait: 0 };
    delete sums.currEstab;
    for (const { key, numbers } of folded) {
      for (const field of NETNS_GAUGES) add(sums, field, numbers[field]);
      for (const field of NETNS_COUNTERS) add(sums, field, grownBy(numbers[field], before.get(key)?.[field]));
    }
    return sums;
  }
}

function add(sums: Sums, field: keyof NetnsNumbers, value: number | undefined): void {
  if (value !== undefined) sums[field] = (sums[field] ?? 0) + value;
}

/** One that fell is that of another namespace, which got the number of one that ended. */
function grownBy(now: number | undefined, last = 0): number | undefined {
  return now === undefined ? undefined : now < last ? now : now - last;
}
