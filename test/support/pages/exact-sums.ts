import type { ParsedFamily } from './exposition-parser.ts';

const ALL_STATES = ['tcpstate_local_port_sockets', 'tcpstate_process_sockets', 'tcpstate_unit_sockets'];
const STATES_WITH_PEERS = ['tcpstate_connections', 'tcpstate_remote_ip_sockets'];

/** Sockets by state of every breakdown on a page, beside those of `tcpstate_sockets` that it must add up to. */
export function sumsByBreakdown(page: ReadonlyMap<string, ParsedFamily>) {
  const states = sumByState(page.get('tcpstate_sockets'));
  const { listen: _listen, bound: _bound, ...withPeers } = states;
  return [
    ...ALL_STATES.map((metric) => ({ metric, sums: sumByState(page.get(metric)), expected: states })),
    ...STATES_WITH_PEERS.map((metric) => ({ metric, sums: sumByState(page.get(metric)), expected: withPeers })),
  ].filter(({ metric }) => page.has(metric));
}

/** Sums over all labels but `state`, states without sockets left out. */
export function sumByState(family: Pick<ParsedFamily, 'samples'> | undefined): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { labels, value } of family?.samples ?? []) {
    if (value > 0) sums[labels.state!] = (sums[labels.state!] ?? 0) + value;
  }
  return Object.fromEntries(Object.entries(sums).sort());
}
