import { createCounting } from '../../../src/collector/counting.ts';
import { parseConfigFile } from '../../../src/config/file/config-file.ts';
import { createFilters } from '../../../src/model/filters.ts';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { SocketTable } from '../../../src/table/socket-table.ts';
import { BARE_INPUT } from '../tables/bare-tally-input.ts';
import { addSocketRows, type SocketRow } from '../tables/socket-rows.ts';

const FILTERS = `filters:
  local_port: {exclude: [22, 9000-9999]}
  remote_ip: {exclude: [loopback]}
  process: {exclude: ["kube*"]}
  unit: {include: [shop.service]}
`;

const ROWS: readonly SocketRow[] = [
  { state: 'listen', local: ['0.0.0.0', 22], owner: 1, process: 'sshd', group: 1 },
  { state: 'listen', local: ['0.0.0.0', 8080], owner: 2, process: 'shop', group: 2 },
  { state: 'listen', local: ['0.0.0.0', 9100], owner: 3, process: 'node_exporter', group: 3 },
  { state: 'established', local: ['10.0.0.9', 22], remote: ['10.0.0.1', 50_000], owner: 4, process: 'sshd', group: 1 },
  {
    state: 'established',
    local: ['10.0.0.9', 8080],
    remote: ['10.0.0.2', 50_001],
    owner: 5,
    process: 'shop',
    group: 2,
  },
  {
    state: 'established',
    local: ['10.0.0.9', 40_000],
    remote: ['10.0.0.50', 5432],
    owner: 6,
    process: 'shop',
    group: 2,
  },
  {
    state: 'established',
    local: ['127.0.0.1', 40_001],
    remote: ['127.0.0.1', 6379],
    owner: 7,
    process: 'shop',
    group: 2,
  },
  { state: 'established', local: ['::1', 40_002], remote: ['::1', 6379], owner: 8, process: 'shop', group: 2 },
  {
    state: 'closeWait',
    local: ['10.0.0.9', 40_003],
    remote: ['10.0.0.50', 443],
    owner: 9,
    process: 'kubelet',
    group: 3,
  },
  { state: 'timeWait', local: ['10.0.0.9', 40_004], remote: ['10.0.0.50', 5432] },
  { state: 'timeWait', local: ['127.0.0.1', 40_005], remote: ['127.0.0.1', 6379] },
];
const UNITS = ['ssh.service', 'shop.service', 'kubelet.service'];
const RANGE = { first: 32_768, last: 60_999, excluded: [] };

/** A host whose filters leave something out of every breakdown: in `filtered`, or dropped. */
export const FILTERED_SNAPSHOT = countWith(FILTERS);
export const DROPPED_SNAPSHOT = countWith(`${FILTERS}  drop: true\n`);

function countWith(text: string): Snapshot {
  const table = new SocketTable();
  const count = createCounting(table, DEFAULT_LIMITS);
  addSocketRows(table, ROWS);
  const { states, connections, localPorts, remoteIps, processes, units } = count({
    ...BARE_INPUT,
    rules: {
      ranges: { ipv4: RANGE, ipv6: RANGE },
      heldAgainst: 'destination',
      timeWaitReuse: { scope: 'never', afterMs: 1000 },
      timeWaitMs: 60_000,
    },
    filters: createFilters(parseConfigFile(text, 'filters.yml').filters),
    hasOwners: true,
    nameOfGroup: (group) => UNITS[Number(group) - 1],
  });
  return {
    sockets: {
      states: states!,
      connections: connections!,
      localPorts: localPorts!,
      remoteIps: remoteIps!,
      processes: processes!,
      units: units!,
    },
    config: { isCurrent: true, thresholds: {} },
    outcomes: [],
  };
}
