import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFamilies } from '../../src/metrics/index.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { LINUX_BUILD, LINUX_SNAPSHOT, WINDOWS_SNAPSHOT } from '../support/pages/snapshots.ts';

/** What each part alone brings to the page. The limit of orphans is in two parts. */
const FAMILIES_OF: Readonly<Partial<Record<keyof Snapshot, readonly string[]>>> = {
  memory: [
    'tcpstate_orphan_sockets',
    'tcpstate_allocated_sockets',
    'tcpstate_buffer_memory_bytes',
    'tcpstate_buffer_memory_limit_bytes',
  ],
  conntrack: [
    'tcpstate_conntrack_entries',
    'tcpstate_conntrack_limit',
    'tcpstate_conntrack_insert_failed_total',
    'tcpstate_conntrack_drops_total',
    'tcpstate_conntrack_early_drops_total',
  ],
  namespace: ['tcpstate_network_namespace_is_host', 'tcpstate_pid_namespace_is_host'],
  netns: [
    'tcpstate_network_namespaces',
    'tcpstate_netns_info',
    'tcpstate_netns_inuse_sockets',
    'tcpstate_netns_time_wait_sockets',
    'tcpstate_netns_curr_estab',
    'tcpstate_netns_active_opens_total',
    'tcpstate_netns_passive_opens_total',
    'tcpstate_netns_attempt_fails_total',
    'tcpstate_netns_estab_resets_total',
    'tcpstate_netns_out_segments_total',
    'tcpstate_netns_retransmitted_segments_total',
    'tcpstate_netns_listen_overflows_total',
    'tcpstate_netns_listen_drops_total',
    'tcpstate_netns_time_wait_overflows_total',
    'tcpstate_netns_sockets',
    'tcpstate_netns_ephemeral_ports',
    'tcpstate_netns_ephemeral_ports_used',
    'tcpstate_netns_ephemeral_utilization_ratio',
    'tcpstate_netns_fullest_accept_queue_length',
    'tcpstate_netns_fullest_accept_queue_limit',
    'tcpstate_netns_close_wait_oldest_seconds',
    'tcpstate_netns_close_wait_stuck_sockets',
    'tcpstate_netns_ephemeral_destination_ports_used',
    'tcpstate_netns_ephemeral_destination_ports_time_wait',
    'tcpstate_netns_ephemeral_destination_ports_outside',
    'tcpstate_netns_ephemeral_destination_ports_reusable',
    'tcpstate_netns_ephemeral_socket_range_utilization_ratio',
    'tcpstate_netns_connections',
    'tcpstate_netns_listener_accept_queue_length',
    'tcpstate_netns_listener_accept_queue_limit',
  ],
  connectionEvents: [
    'tcpstate_connects_total',
    'tcpstate_connect_failures_total',
    'tcpstate_connections_accepted_total',
    'tcpstate_connections_closed_total',
    'tcpstate_connection_lifetime_seconds',
    'tcpstate_connection_events_lost_total',
  ],
  ephemeral: [],
  sockets: [
    'tcpstate_sockets',
    'tcpstate_connections',
    'tcpstate_local_port_sockets',
    'tcpstate_remote_ip_sockets',
    'tcpstate_process_sockets',
    'tcpstate_unattributed_sockets',
    'tcpstate_process_open_fds',
    'tcpstate_process_max_fds',
    'tcpstate_process_closed_socket_fds',
    'tcpstate_unit_sockets',
    'tcpstate_ephemeral_ports_used',
    'tcpstate_ephemeral_ports_blocked',
    'tcpstate_ephemeral_ports_listening',
    'tcpstate_ephemeral_ports_bound',
    'tcpstate_ephemeral_ports_bound_estimated',
    'tcpstate_ephemeral_utilization_ratio',
    'tcpstate_ephemeral_destination_ports_used',
    'tcpstate_ephemeral_destination_ports_outside',
    'tcpstate_ephemeral_destination_ports_time_wait',
    'tcpstate_ephemeral_destination_ports_reusable',
    'tcpstate_process_ephemeral_ports',
    'tcpstate_ephemeral_listeners',
    'tcpstate_ephemeral_port_holders',
    'tcpstate_ephemeral_socket_range_ports',
    'tcpstate_ephemeral_socket_range_utilization_ratio',
    'tcpstate_close_wait_oldest_seconds',
    'tcpstate_close_wait_stuck_sockets',
    'tcpstate_listener_accept_queue_length',
    'tcpstate_listener_accept_queue_limit',
    'tcpstate_listener_dropped_connections_total',
  ],
};

for (const [part, families] of Object.entries(FAMILIES_OF)) {
  test(`without ${part} exactly its families are gone from the page, headers included`, () => {
    assert.deepEqual(missingWithout(part as keyof Snapshot), families);
  });
}

test('without counters exactly the counters are gone, without settings exactly their gauges', () => {
  const all = buildFamilies(LINUX_SNAPSHOT, LINUX_BUILD);
  const isOfOther = new Set([
    ...missingWithout('conntrack'),
    ...missingWithout('sockets'),
    ...missingWithout('sourceRejections'),
    ...missingWithout('netns'),
    ...missingWithout('connectionEvents'),
  ]);
  const counters = all.filter(({ type, name }) => type === 'counter' && !isOfOther.has(name)).map(({ name }) => name);
  assert.equal(counters.length, 37);
  assert.deepEqual(missingWithout('counters'), counters);
  const settings = missingWithout('settings');
  assert.equal(settings.length, 17);
  for (const name of settings)
    assert.match(name, /^tcpstate_(setting_|open_files$|time_wait_(duration_seconds|limit)$)/);
});

test('a snapshot in which every collector failed still tells how each fared, and what runs', () => {
  const outcomes = [
    { collector: 'sockets', success: false, seconds: 0.25, source: 'sock_diag', error: 'EPERM' },
  ] as const;
  const families = buildFamilies({ outcomes }, LINUX_BUILD);
  assert.deepEqual(
    families.map(({ name, samples }) => [name, samples]),
    [
      ['tcpstate_scrape_collector_duration_seconds', [{ labels: ['sockets'], value: 0.25 }]],
      ['tcpstate_scrape_collector_success', [{ labels: ['sockets'], value: 0 }]],
      ['tcpstate_source_info', [{ labels: ['sockets', 'sock_diag'], value: 1 }]],
      ['tcpstate_exporter_build_info', [{ labels: ['0.1.0', '4f1c2ab', 'v20.20.2', 'linux'], value: 1 }]],
    ],
  );
});

test('every help is one sentence that says where the number is from, and holds nothing that OpenMetrics would want escaped', () => {
  const families = [...buildFamilies(LINUX_SNAPSHOT, LINUX_BUILD), ...buildFamilies(WINDOWS_SNAPSHOT, LINUX_BUILD)];
  for (const { name, help } of families) assert.match(help, /^[A-Z][^"\\\n]+ from [^"\\\n]+\.$/, name);
});

test('the parts that only Linux or only Windows has are on one page only', () => {
  const linux = new Set(namesOf(LINUX_SNAPSHOT));
  const windows = namesOf(WINDOWS_SNAPSHOT).filter((name) => !linux.has(name));
  assert.deepEqual(windows, [
    'tcpstate_port_exhaustion_events_total',
    'tcpstate_setting_tcp_timed_wait_delay_seconds',
    'tcpstate_setting_max_user_port',
  ]);
});

function namesOf(snapshot: Snapshot): string[] {
  return buildFamilies(snapshot, LINUX_BUILD).map(({ name }) => name);
}

/** Names on the full page that are not on the page of the same snapshot without a part. */
function missingWithout(part: keyof Snapshot): string[] {
  const { [part]: _, ...rest } = LINUX_SNAPSHOT;
  const kept = new Set(namesOf(rest as Snapshot));
  return namesOf(LINUX_SNAPSHOT).filter((name) => !kept.has(name));
}
