import type { Snapshot } from '../../model/snapshot.ts';
import { TcpState } from '../../model/tcp-state.ts';
import { socketsIn } from '../../verdict/evidence.ts';
import { stateWord } from '../../verdict/facts.ts';
import { inferTimeWaitOwners } from '../../verdict/inferred-owners.ts';
import { count, isNamed, percent } from '../../verdict/words.ts';
import { formatTable } from '../layout.ts';
import type { Block, Style } from '../report.ts';
import type { View } from '../view.ts';
import { paint } from './overview.ts';

type By = NonNullable<View['options']['by']>;

interface Cell {
  readonly key: string;
  readonly state: number;
  readonly sockets: number;
}

interface Row {
  readonly key: string;
  readonly sockets: number;
  readonly byState: ReadonlyMap<number, number>;
}

const ROWS = 10;
const HEADINGS: Readonly<Record<By, string>> = {
  port: 'LOCAL PORT',
  ip: 'REMOTE ADDRESS',
  process: 'PROCESS',
  unit: 'UNIT',
};

/** Who has the sockets of a state, or of all: by what was asked for, or else by port, address and process. */
export function formatBreakdowns(view: View, style: Style): Block[] {
  const { by } = view.options;
  const asked: readonly By[] = by === undefined ? ['port', 'ip', 'process'] : [by];
  return asked.map((each) => formatBreakdown(view, each, style));
}

function formatBreakdown({ now, options }: View, by: By, style: Style): Block {
  const { state, top = ROWS } = options;
  const cells = cellsOf(now.snapshot, by);
  const isInferred = by === 'process' && (state === undefined || state === TcpState.timeWait);
  const title = `${HEADINGS[by]}${state === undefined ? '' : ` of ${stateWord(state)}`}${isInferred && state !== undefined ? ' (likely)' : ''}`;
  // a source that does not show the state has no sockets in it to count, which is not the same as none
  const isSeen = state === undefined || socketsIn(now.snapshot, state) !== undefined;
  if (cells === undefined || !isSeen) return [style.palette.heading(title), 'not known here'];
  const rows = rankRows(isInferred ? withInferred(cells, now.snapshot) : cells, state);
  const total = rows.reduce((sum, { sockets }) => sum + sockets, 0);
  const shown = rows
    .slice(0, top)
    .map(({ key, sockets, byState }) => [
      key,
      count(sockets),
      total === 0 ? '' : percent(sockets / total),
      ...(state === undefined ? [describeStates(byState, isInferred)] : []),
    ]);
  const columns = [
    { heading: title, cut: by === 'ip' ? 'middle' : 'end' },
    { heading: 'sockets', align: 'right' },
    { heading: 'share', align: 'right' },
    ...(state === undefined ? [{ heading: 'in states' }] : []),
  ] as const;
  const rest = rows.length - shown.length;
  const lines = shown.length === 0 ? [title, 'none'] : formatTable(columns, shown, style.width);
  return [...paint(lines, style), ...(rest > 0 ? [style.palette.faint(`and ${count(rest)} more`)] : [])];
}

function cellsOf({ sockets }: Snapshot, by: By): readonly Cell[] | undefined {
  switch (by) {
    case 'port':
      return sockets?.localPorts?.cells.map((cell) => ({ ...cell, key: cell.localPort }));
    case 'ip':
      return sockets?.remoteIps?.cells.map((cell) => ({ ...cell, key: cell.remoteIp }));
    case 'process':
      return sockets?.processes?.cells.map((cell) => ({ ...cell, key: cell.process }));
    case 'unit':
      return sockets?.units?.cells.map((cell) => ({ ...cell, key: cell.unit }));
  }
}

/** The largest first; what nobody can be named for, or the breakdown has no room for, comes last. */
function rankRows(cells: readonly Cell[], state: number | undefined): Row[] {
  const rows = new Map<string, { key: string; sockets: number; byState: Map<number, number> }>();
  for (const cell of cells) {
    if (cell.sockets === 0 || (state !== undefined && cell.state !== state)) continue;
    const row = rows.get(cell.key) ?? { key: cell.key, sockets: 0, byState: new Map() };
    row.sockets += cell.sockets;
    row.byState.set(cell.state, (row.byState.get(cell.state) ?? 0) + cell.sockets);
    rows.set(cell.key, row);
  }
  const isRest = ({ key }: Row) => Number(!isNamed(key));
  return [...rows.values()].sort((one, other) => isRest(one) - isRest(other) || other.sockets - one.sockets);
}

/** The kernel keeps no owner of TIME_WAIT; who it was is inferred from what else is open, where connections are counted. */
function withInferred(cells: readonly Cell[], snapshot: Snapshot): Cell[] {
  const owners = inferTimeWaitOwners(snapshot).map(({ process, sockets }) => ({
    key: process,
    state: TcpState.timeWait,
    sockets,
  }));
  return owners.length === 0 ? [...cells] : [...cells.filter(({ state }) => state !== TcpState.timeWait), ...owners];
}

/** `TIME_WAIT~`: whose it is was inferred. */
function describeStates(byState: ReadonlyMap<number, number>, isInferred: boolean): string {
  const largest = [...byState].sort(([, one], [, other]) => other - one).slice(0, 3);
  const mark = (state: number) => (isInferred && state === TcpState.timeWait ? '~' : '');
  return largest.map(([state, sockets]) => `${stateWord(state)}${mark(state)} ${count(sockets)}`).join(' ');
}
