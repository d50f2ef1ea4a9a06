import { ownerLink, type Place, peerLink } from './links.ts';
import { portsByOwner, portsWithoutOwner } from './owners.ts';
import { barGauge } from './panels.ts';
import type { LabelColumn } from './table.ts';
import { GREY } from './thresholds.ts';

/** What the mark means, for the descriptions of tables with an owner. */
export const DESTINATION_OWNER =
  'Owner: the process with most open sockets towards it. `~` marks an inferred owner: ports in TIME_WAIT have none, these are probably its own. Click a destination or an owner to see only that one.';

export function destinationColumn(place: Place, width?: number): LabelColumn {
  const column = { label: 'remote_ip', name: 'Destination', link: peerLink(place) };
  return width === undefined ? column : { ...column, width };
}

/** What the configuration of the exporter calls a peer; no column where it names none. */
export const NAME_COLUMN: LabelColumn = { label: 'remote_name', name: 'Called' };

/** The owner as a person reads it, and hidden the process that its link leads to. */
export function ownerColumns(place: Place): LabelColumn[] {
  return [
    { label: 'owner', name: 'Owner', colors: { unknown: GREY }, link: ownerLink(place) },
    { label: 'process', name: 'Process', isHidden: true },
  ];
}

/** Whose ports they are, on the dashboard of many hosts and on that of one. */
export function byOwner(place: Place) {
  const host = place === 'triage' ? ' @ {{instance}}' : '';
  return barGauge({
    title: 'Ephemeral ports by process',
    description:
      'Distinct ports of the range that open sockets of a process hold. `~`: ports in TIME_WAIT, whose owner is inferred: the process with most open sockets towards the same destination. Grey: TIME_WAIT whose owner stays unknown.',
    unit: 'locale',
    decimals: 0,
    queries: [
      { expr: portsByOwner(8), legend: `{{owner}}${host}` },
      { expr: portsWithoutOwner(), legend: `unknown${host}` },
    ],
    grey: ['B'],
  });
}
