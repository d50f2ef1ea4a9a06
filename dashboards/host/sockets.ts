import { NAME_COLUMN } from '../destinations.ts';
import { line, type PlaceablePanel } from '../layout.ts';
import { timeseries } from '../panels.ts';
import { chosen, connections as connectionsOf } from '../promql.ts';
import { STATE_NOTES } from '../states.ts';
import { table } from '../table.ts';
import { GREY } from '../thresholds.ts';

const COLORS = Object.fromEntries(STATE_NOTES.map(({ state, color }) => [state, color]));

/** Labels of sums, and of what nobody knows. */
const NOBODY = { unknown: GREY, other: GREY, filtered: GREY } as const;

/** Sockets of which the kernel keeps an owner. */
const OWNED = 'state!="time_wait"';

/** Whose sockets they are: by state, port, peer, process and unit. */
export function sockets(): PlaceablePanel[] {
  return [
    ...line(9, [12, states()], [12, by('local_port', 'local port', 'tcpstate_local_port_sockets')]),
    ...line(
      9,
      [8, by('remote_ip', 'peer', 'tcpstate_remote_ip_sockets')],
      [8, by('process', 'process', 'tcpstate_process_sockets', OWNED)],
      [8, by('unit', 'unit', 'tcpstate_unit_sockets', OWNED)],
    ),
    ...line(10, [24, connections()]),
  ];
}

function states() {
  return timeseries({
    title: 'Sockets by state',
    description: 'All sockets of the host, IPv4 and IPv6.',
    unit: 'short',
    stacked: true,
    legend: 'right',
    queries: [{ expr: `sum by (state) (${chosen('tcpstate_sockets')})`, legend: '{{state}}' }],
    colors: COLORS,
  });
}

const NOTES: Readonly<Record<string, string>> = {
  local_port: 'Local ports; `ephemeral` are the outgoing connections, `other` what the series budget left out.',
  remote_ip: 'Addresses of the peers, without listeners.',
  process: 'Owning processes, without TIME_WAIT, which has no owner.',
  unit: 'systemd units and containers (Linux), services (Windows, experimental); without TIME_WAIT.',
};

function by(label: string, name: string, metric: string, matchers?: string) {
  return timeseries({
    title: `Sockets by ${name}`,
    description: `The eight largest. ${NOTES[label]}`,
    unit: 'short',
    queries: [{ expr: `topk(8, sum by (${label}) (${chosen(metric, matchers)}))`, legend: `{{${label}}}` }],
    colors: NOBODY,
  });
}

function connections() {
  return table({
    title: 'Who talks to whom',
    description:
      'Sockets by service and peer. Inbound: the local port is the service. Outbound: the remote port is. Largest 50; `other` is the sum of the rest, `filtered` of what filters leave out.',
    labels: [
      { label: 'direction', name: 'Direction', width: 95 },
      { label: 'state', name: 'State', width: 120 },
      { label: 'process', name: 'Process', colors: NOBODY },
      { label: 'local_port', name: 'Local port', width: 100 },
      { label: 'remote_ip', name: 'Peer' },
      { label: 'remote_port', name: 'Remote port', width: 110 },
      NAME_COLUMN,
    ],
    values: [
      {
        name: 'Sockets',
        expr: `topk(50, sum by (direction, state, process, local_port, remote_ip, remote_port, remote_name) (${connectionsOf()}))`,
        width: 100,
      },
    ],
    sortBy: 'Sockets',
    alerts: ['TcpSynSentPiling'],
  });
}
