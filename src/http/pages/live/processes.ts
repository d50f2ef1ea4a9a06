import type { Snapshot } from '../../../model/snapshot.ts';
import { inferTimeWaitOwners } from '../../../verdict/inferred-owners.ts';
import { closeWaitRows } from '../../../verdict/rows.ts';
import { DEFAULT_THRESHOLDS } from '../../../verdict/thresholds.ts';
import { count, duration, isNamed, percent } from '../../../verdict/words.ts';
import { drawBar } from './drawing.ts';
import { type Html, html } from './html.ts';
import { renderNote, renderRest, renderSection, renderTable, TIME_WAIT } from './table.ts';

const ROWS = 15;
const CLOSE_WAIT_ROWS = 10;

interface ProcessRow {
  readonly process: string;
  sockets?: number;
  timeWait?: number;
  ports?: number;
  open?: number;
  limit?: number | undefined;
}

/** Processes by what they come nearest to: the end of the port range, or of their descriptors. */
export function renderProcesses(snapshot: Snapshot): Html {
  const { sockets } = snapshot;
  const isSeen = snapshot.connectionEvents !== undefined; // who left a TIME_WAIT socket is inferred otherwise
  if (sockets?.processes === undefined)
    return renderSection('processes', 'Processes', renderNote('Nobody looked for them.'));
  const all = gatherRows(snapshot);
  const range = Math.max(1, ...(sockets.ephemeral?.families ?? []).map(({ ports }) => ports));
  const nearness = ({ ports = 0, timeWait = 0, open = 0, limit }: ProcessRow) =>
    Math.max((ports + timeWait) / range, limit ? open / limit : 0);
  const ranked = all.toSorted(
    (one, other) => nearness(other) - nearness(one) || (other.sockets ?? 0) - (one.sockets ?? 0),
  );
  const rows = ranked
    .slice(0, ROWS)
    .map(({ process, sockets: held, timeWait, ports, open, limit }) => [
      [
        html`<bdi>${process}</bdi>`,
        open === undefined || !limit
          ? undefined
          : drawBar(open / limit, open / limit > DEFAULT_THRESHOLDS.fdsNearLimit ? 'warning' : 'ok'),
      ],
      held === undefined ? '–' : count(held),
      timeWait === undefined ? '–' : `${count(timeWait)}${isSeen ? '' : '\u00a0~'}`,
      ports === undefined ? '–' : count(ports),
      open === undefined
        ? '–'
        : limit
          ? [`${count(open)} of ${count(limit)}`, html` <small>${percent(open / limit)}</small>`]
          : count(open),
    ]);
  const columns = [
    { heading: 'Process' },
    { heading: 'Sockets', align: 'number' },
    { heading: TIME_WAIT, align: 'number' },
    { heading: 'Ports', align: 'number' },
    { heading: 'Open fds', align: 'number' },
  ] as const;
  return renderSection('processes', 'Processes by ports and descriptors', [
    rows.length === 0 ? renderNote('No process with sockets is known.') : renderTable(columns, rows),
    renderRest(all.length, rows.length, 'processes'),
  ]);
}

function gatherRows(snapshot: Snapshot): ProcessRow[] {
  const { processes, ephemeral, processFds } = snapshot.sockets ?? {};
  const rows = new Map<string, ProcessRow>();
  const rowOf = (process: string) => {
    const row = rows.get(process) ?? { process };
    rows.set(process, row);
    return row;
  };
  for (const { process, sockets } of processes?.cells.filter(isNamedCell) ?? []) {
    const row = rowOf(process);
    row.sockets = (row.sockets ?? 0) + sockets;
  }
  for (const { process, ports } of ephemeral?.processes?.cells.filter(isNamedCell) ?? []) rowOf(process).ports = ports;
  for (const { process, sockets } of inferTimeWaitOwners(snapshot).filter(isNamedCell))
    rowOf(process).timeWait = sockets;
  for (const { process, open, limit } of processFds?.cells.filter(isNamedCell) ?? [])
    Object.assign(rowOf(process), { open, limit });
  return [...rows.values()];
}

function isNamedCell({ process }: { readonly process: string }): boolean {
  return isNamed(process);
}

/** Who does not close, for how long, and of what kind. */
export function renderCloseWait(snapshot: Snapshot): Html {
  const { closeWait } = snapshot.sockets ?? {};
  const all = closeWaitRows(snapshot);
  const rows = all
    .slice(0, CLOSE_WAIT_ROWS)
    .map(({ process, sockets, oldestSeconds, stuck }) => [
      html`<bdi>${isNamed(process) ? process : 'a process that cannot be seen'}</bdi>`,
      sockets === undefined ? '–' : count(sockets),
      duration(oldestSeconds),
      stuck.map((each) => `${count(each.sockets)} ${each.reason}`).join(', ') || 'none',
    ]);
  const columns = [
    { heading: 'Process' },
    { heading: 'Sockets', align: 'number' },
    { heading: 'Oldest', align: 'number' },
    { heading: 'Stuck' },
  ] as const;
  const empty = closeWait === undefined ? 'Not known here.' : 'No socket is in CLOSE_WAIT.';
  return renderSection('close-wait', 'CLOSE_WAIT', [
    rows.length === 0 ? renderNote(empty) : renderTable(columns, rows),
    renderRest(all.length, rows.length, 'processes'),
  ]);
}
