import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sumsByBreakdown } from '../support/pages/exact-sums.ts';
import { COMPARED_METRICS, expectedCells } from '../support/pages/expected-cells.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { makeEverySocket } from '../support/sockets/every-socket.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';
import { cellsOfPage, takePageInQuiet, waitForSs } from '../support/sockets/page-and-ss.ts';
import { addSilentNetworks } from '../support/sockets/phantom-peer.ts';
import { ssKnowsBound } from '../support/sockets/ss.ts';

const RANGE = { first: 40_000, last: 40_999 } as const;
const LAUNCHER = fileURLToPath(new URL('../support/fakes/refuse-sock-diag.ts', import.meta.url));
const ROOMY = ['connections', 'local-ports', 'remote-ips'].map((breakdown) => `--limit.${breakdown}=2000`);
/** What /proc/net/tcp does not tell. */
const LIMIT = 'tcpstate_listener_accept_queue_limit';
const ABSENT = [
  LIMIT,
  'tcpstate_unit_sockets',
  'tcpstate_close_wait_oldest_seconds',
  'tcpstate_close_wait_stuck_sockets',
];

const skip = enterNetworkNamespace() ?? false;

test('where inet_diag is refused the page comes from /proc/net/tcp', { skip }, async (t) => {
  addSilentNetworks();
  setNetworkSetting('ipv4/ip_local_port_range', `${RANGE.first} ${RANGE.last}`);
  const exporter = await startExporter(t, {
    launcher: [process.execPath, '--import', 'tsx', LAUNCHER],
    args: [...ROOMY, '--owners.time-budget=5s'],
  });
  const { made, close } = makeEverySocket(RANGE.first);
  t.after(close);
  await exporter.scrape(); // opens the connection that stays open
  const shown = ssKnowsBound() ? made : made.filter(({ state }) => state !== 'bound');
  await waitForSs(shown, ({ localIp }) => localIp === '127.0.0.1');
  const { page, sockets: all } = await takePageInQuiet(() => exporter.scrape());
  const sockets = all.filter(({ state }) => state !== 'bound');
  const expected = expectedCells(sockets, (port) => port >= RANGE.first && port <= RANGE.last);

  for (const metric of COMPARED_METRICS.filter((name) => name !== LIMIT)) {
    await t.test(`${metric} is what ss shows, cell by cell`, () => {
      assert.ok(Object.keys(expected[metric]!).length > 2);
      assert.deepEqual(cellsOfPage(page, [metric])[metric], expected[metric]);
    });
  }

  await t.test('breakdowns add up to the sockets of each state', () => {
    const breakdowns = sumsByBreakdown(page);
    assert.equal(breakdowns.length, 4);
    for (const { metric, sums, expected: wanted } of breakdowns) assert.deepEqual(sums, wanted, metric);
  });

  await t.test('what the file does not tell is absent, not 0', () => {
    for (const metric of ABSENT) assert.equal(page.has(metric), false, metric);
    const states = page.get('tcpstate_sockets')!.samples.map(({ labels }) => labels.state);
    assert.equal(states.includes('bound'), false);
    assert.equal(states.includes('close'), true);
  });

  await t.test('the page tells its source, and no collector is said to fail', () => {
    const { tcpstate_source_info: sources } = cellsOfPage(page, ['tcpstate_source_info']);
    assert.equal(sources!['collector="sockets",source="procfs"'], 1);
    const success = page.get('tcpstate_scrape_collector_success')!.samples;
    assert.deepEqual(new Set(success.map(({ value }) => value)), new Set([1]));
    const names = success.map(({ labels }) => labels.collector);
    for (const name of ['units', 'close_wait']) assert.equal(names.includes(name), false, name);
    assert.equal(names.includes('sockets'), true);
  });

  await t.test('the log says it once, with the reason and what it costs', async () => {
    await exporter.scrape();
    const warnings = exporter.log.filter(({ level, msg }) => level === 'warn' && msg.includes('inet_diag'));
    assert.deepEqual(
      warnings.map(({ msg }) => msg),
      [
        'the kernel refuses inet_diag (socket(AF_NETLINK, NETLINK_SOCK_DIAG): EAFNOSUPPORT): sockets are read from /proc/net/tcp, ' +
          'without accept queue limits, bound sockets, CLOSE_WAIT ages and units',
      ],
    );
    assert.deepEqual(
      exporter.log.filter(({ level }) => level === 'error'),
      [],
    );
  });
});
