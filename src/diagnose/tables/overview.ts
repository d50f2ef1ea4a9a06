import { closeWaitRows, destinationRows, queueRows } from '../../verdict/rows.ts';
import { count, duration, isNamed, percent } from '../../verdict/words.ts';
import { formatTable } from '../layout.ts';
import type { Block, Style } from '../report.ts';
import type { View } from '../view.ts';

const ROWS = 5;

/** The tables behind a verdict; those with nothing to show are left out. */
export function formatOverview(view: View, style: Style): Block[] {
  return [
    formatDestinations(view, style),
    formatCloseWait(view, style),
    formatQueues(view, style),
    formatProcesses(view, style),
  ];
}

function formatDestinations({ now, options }: View, style: Style): Block {
  const all = destinationRows(now.snapshot);
  const isAlone = (place: string) => all.filter((row) => row.place === place).length === 1;
  const rows = all
    .slice(0, options.top ?? ROWS)
    .map(({ place, localIp, taken, ratio, timeWait, owner }) => [
      isAlone(place) ? place : `${place} from ${localIp}`,
      count(taken),
      ratio === undefined ? '' : percent(ratio),
      count(timeWait),
      owner === undefined ? '' : `${owner.process}${owner.isInferred ? ' ~' : ''}`,
    ]);
  if (rows.length === 0) return [];
  const columns = [
    { heading: 'PORTS TO', cut: 'middle' },
    { heading: 'taken', align: 'right' },
    { heading: 'of range', align: 'right' },
    { heading: 'TIME_WAIT', align: 'right' },
    { heading: 'process (~ likely)' },
  ] as const;
  return paint(formatTable(columns, rows, style.width), style);
}

function formatCloseWait({ now, options }: View, style: Style): Block {
  const rows = closeWaitRows(now.snapshot)
    .slice(0, options.top ?? ROWS)
    .map(({ process, sockets, oldestSeconds, stuck }) => [
      process,
      sockets === undefined ? '' : count(sockets),
      duration(oldestSeconds),
      stuck.map((each) => `${count(each.sockets)} ${each.reason}`).join(', ') || 'none',
    ]);
  if (rows.length === 0) return [];
  const columns = [
    { heading: 'CLOSE_WAIT OF', cut: 'end' },
    { heading: 'sockets', align: 'right' },
    { heading: 'oldest', align: 'right' },
    { heading: 'stuck' },
  ] as const;
  return paint(formatTable(columns, rows, style.width), style);
}

/** Listeners with somebody in their queue. */
function formatQueues({ now, before, options }: View, style: Style): Block {
  const rows = queueRows(now.snapshot, before?.snapshot)
    .filter(({ queueLength }) => queueLength > 0)
    .slice(0, options.top ?? ROWS)
    .map(({ place, process, queueLength, queueLimit, drops, newDrops }) => [
      place,
      count(queueLength),
      queueLimit === undefined ? '' : count(queueLimit),
      drops === undefined ? '' : `${count(drops)}${newDrops ? ` (+${count(newDrops)})` : ''}`,
      isNamed(process) ? process : '',
    ]);
  if (rows.length === 0) return [];
  const columns = [
    { heading: 'ACCEPT QUEUE AT' },
    { heading: 'waiting', align: 'right' },
    { heading: 'limit', align: 'right' },
    { heading: 'dropped', align: 'right' },
    { heading: 'process', cut: 'end' },
  ] as const;
  return paint(formatTable(columns, rows, style.width), style);
}

/** Processes by descriptors, the nearest to its limit first; those below a tenth of it are left out. */
function formatProcesses({ now, options }: View, style: Style): Block {
  const cells = now.snapshot.sockets?.processFds?.cells ?? [];
  const rows = cells
    .filter(({ open, limit = 0 }) => limit > 0 && open / limit >= 0.1)
    .toSorted((one, other) => other.open / other.limit! - one.open / one.limit!)
    .slice(0, options.top ?? ROWS)
    .map(({ process, open, limit }) => [process, count(open), count(limit!), percent(open / limit!)]);
  if (rows.length === 0) return [];
  const columns = [
    { heading: 'DESCRIPTORS OF', cut: 'end' },
    { heading: 'open', align: 'right' },
    { heading: 'limit', align: 'right' },
    { heading: 'used', align: 'right' },
  ] as const;
  return paint(formatTable(columns, rows, style.width), style);
}

/** Headings stand out. */
export function paint([heading, ...rows]: readonly string[], { palette }: Style): Block {
  return heading === undefined ? [] : [palette.heading(heading), ...rows];
}
