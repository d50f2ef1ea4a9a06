import type { Snapshot } from '../../../model/snapshot.ts';
import type { EphemeralFamilyUse } from '../../../model/socket-counts.ts';
import { destinationRows } from '../../../verdict/rows.ts';
import { DEFAULT_THRESHOLDS } from '../../../verdict/thresholds.ts';
import { count, percent } from '../../../verdict/words.ts';
import { drawBar, type Level } from './drawing.ts';
import { type Content, type Html, html } from './html.ts';
import { renderNote, renderRest, renderSection, renderTable, TIME_WAIT } from './table.ts';

const ROWS = 10;

/** Who takes the local ports: each destination its own, and what is gone for all of them. */
export function renderDestinations(snapshot: Snapshot): Html {
  const use = snapshot.sockets?.ephemeral;
  if (use === undefined) return renderSection('destinations', 'Ports by destination', renderNote('Not known here.'));
  const all = destinationRows(snapshot);
  const rows = all
    .slice(0, ROWS)
    .map(({ place, taken, ratio, timeWait, owner }) => [
      [html`<bdi>${place}</bdi>`, ratio === undefined ? undefined : drawBar(ratio, levelOf(ratio))],
      [count(taken), ratio === undefined ? undefined : html` <small>${percent(ratio)}</small>`],
      count(timeWait),
      owner === undefined ? '–' : [html`<bdi>${owner.process}</bdi>`, owner.isInferred ? ' ~' : undefined],
    ]);
  const columns = [
    { heading: 'Destination' },
    { heading: 'Ports taken', align: 'number' },
    { heading: TIME_WAIT, align: 'number' },
    { heading: 'Process' },
  ] as const;
  const shared = use.families.flatMap((family) => renderShared(family, snapshot));
  return renderSection('destinations', 'Ports by destination', [
    all.length + shared.length === 0
      ? renderNote('No connection from here takes a port of the range.')
      : renderTable(columns, [...rows, ...shared]),
    renderRest(all.length + use.destinations.folded, rows.length, 'destinations'),
  ]);
}

/** What is gone for every destination of a family: the whole range where a port serves one connection only. */
function renderShared(
  { family, ports, used, blocked, bound, boundEstimate }: EphemeralFamilyUse,
  { ephemeral }: Snapshot,
): Content[][] {
  const isHostWide = ephemeral?.heldAgainst === 'host';
  const taken = isHostWide ? used : blocked + (bound ?? boundEstimate ?? 0);
  if (taken === 0 || ports === 0) return [];
  const name = isHostWide ? `all together, ${family}` : `held for every destination, ${family}`;
  const ratio = Math.min(1, taken / ports);
  return [
    [
      [html`<i>${name}</i>`, drawBar(ratio, levelOf(ratio))],
      [count(taken), html` <small>${percent(ratio)}</small>`],
      '–',
      '–',
    ],
  ];
}

function levelOf(ratio: number): Level {
  const { portsExhausted, portsHigh } = DEFAULT_THRESHOLDS;
  return ratio > portsExhausted ? 'critical' : ratio > portsHigh ? 'warning' : 'ok';
}
