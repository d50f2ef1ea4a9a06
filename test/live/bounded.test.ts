import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { sumByState, sumsByBreakdown } from '../support/pages/exact-sums.ts';
import { type ParsedFamily, parseExposition } from '../support/pages/exposition-parser.ts';
import { type Answer, type RunningExporter, startExporter } from '../support/programs/running-exporter.ts';
import { createCrowd, type Stand } from '../support/sockets/crowd.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';
import { cellsOfPage } from '../support/sockets/page-and-ss.ts';
import { addSilentNetworks } from '../support/sockets/phantom-peer.ts';
import { createSocketsByState } from '../support/sockets/sockets-by-state.ts';
import type { End } from '../support/sockets/tcp-segment.ts';

const PEERS = 100_000;
const ESTABLISHED = 180_000;
const TIME_WAIT = 20_000;
const TIME_WAIT_PEERS = 1000;
const SERVICES = 300;
/** As many peers again as have room on the page hold this many sockets each, all the same number. */
const HEAVY_PEERS = 200;
const SOCKETS_PER_HEAVY_PEER = 60;
/** Sockets that come and go between two scrapes: well below the fifth that an entry on the page may lose. */
const CHURN_PER_HEAVY_PEER = 5;
const FIRST_SERVICE = 8000;
const RANGE = { first: 32_768, last: 60_999 } as const;

const MOST_SERIES = 3000;
const MOST_BYTES = 500_000;
const DEADLINE = { 'x-prometheus-scrape-timeout-seconds': '10' } as const;
const BREAKDOWNS = [
  'tcpstate_connections',
  'tcpstate_local_port_sockets',
  'tcpstate_remote_ip_sockets',
  'tcpstate_ephemeral_destination_ports_used',
  'tcpstate_listener_accept_queue_length',
] as const;

type Page = ReadonlyMap<string, ParsedFamily>;

const skip = enterNetworkNamespace() ?? false;

test('the page stays small with 200,000 sockets of 100,000 peers', { skip }, async (t) => {
  const { exporter, churn } = await gatherCrowd(t);
  const first = await exporter.get('/metrics', DEADLINE);
  const page = parseExposition(first.body);

  await t.test('every collector succeeds within the deadline', () => checkWhole(first, page));

  await t.test('every socket is counted', () => {
    const { established, time_wait: timeWait, listen } = sumByState(page.get('tcpstate_sockets'));
    // besides those made: the connection of this scrape, both ends, and the exporter's own listener
    assert.deepEqual(
      { established, timeWait, listen },
      { established: ESTABLISHED + 2, timeWait: TIME_WAIT, listen: SERVICES + 1 },
    );
  });

  await t.test('the page keeps to the series budget', () => checkSize(first, page));

  await t.test('every breakdown adds up, what is folded included', () => checkSums(page));

  await t.test('a second later, after some churn, the same entries are on the page', async () => {
    const before = sumByState(page.get('tcpstate_sockets')).established!;
    const balance = churn(page);
    await delay(1000);
    const second = await exporter.get('/metrics', DEADLINE);
    const later = parseExposition(second.body);
    checkWhole(second, later);
    checkSize(second, later);
    checkSums(later);
    assert.equal(sumByState(later.get('tcpstate_sockets')).established, before + balance);
    for (const metric of BREAKDOWNS) {
      const [earlier, now] = [membersOf(page, metric), membersOf(later, metric)];
      const joined = now.filter((member) => !earlier.includes(member));
      const left = earlier.filter((member) => !now.includes(member));
      assert.deepEqual({ joined, left }, { joined: [], left: [] }, metric);
    }
    assert.notDeepEqual(later.get('tcpstate_connections')!.samples, page.get('tcpstate_connections')!.samples);
  });
});

function checkWhole(answer: Answer, page: Page): void {
  assert.equal(answer.status, 200);
  assert.ok(answer.milliseconds < 10_000, `${answer.milliseconds} ms`);
  for (const { labels, value } of page.get('tcpstate_scrape_collector_success')!.samples)
    assert.equal(value, 1, labels.collector);
}

function checkSize({ body }: Answer, page: Page): void {
  const families = [...page.values()].filter(({ name }) => name.startsWith('tcpstate_'));
  const series = families.reduce((sum, { samples }) => sum + samples.length, 0);
  assert.ok(series > 500 && series < MOST_SERIES, `${series} series`);
  assert.ok(body.length < MOST_BYTES, `${body.length} bytes`);
}

function checkSums(page: Page): void {
  const breakdowns = sumsByBreakdown(page);
  assert.ok(breakdowns.length >= 4);
  for (const { metric, sums, expected } of breakdowns) assert.deepEqual(sums, expected, metric);
  for (const metric of BREAKDOWNS.slice(0, 3)) {
    const other = page.get(metric)!.samples.filter(({ labels }) => Object.values(labels).includes('other'));
    assert.ok(other.length > 0, `${metric} has no other`);
  }
}

/** The entries of a breakdown, whatever their values. */
function membersOf(page: Page, metric: string): string[] {
  return page.get(metric)!.samples.map(({ labels }) => JSON.stringify(labels));
}

async function gatherCrowd(t: TestContext) {
  leaveSharedTable();
  addSilentNetworks();
  setNetworkSetting('ipv4/ip_local_port_range', `${RANGE.first} ${RANGE.last}`);
  const exporter = await startExporter(t, { args: ['--owners.time-budget=4s'] });
  const crowd = createCrowd();
  const { sockets, connected, close } = createSocketsByState();
  t.after(async () => {
    await crowd.disperse();
    close();
  });
  for (let service = 0; service < SERVICES; service++)
    sockets.listen(service % 2 === 0 ? ours(0) : ours(1), FIRST_SERVICE + service);
  const heavy = HEAVY_PEERS * SOCKETS_PER_HEAVY_PEER;
  const loose = HEAVY_PEERS * CHURN_PER_HEAVY_PEER;
  crowd.hold(Array.from({ length: heavy - loose }, (_, index) => heavyStand(index)));
  crowd.hold(Array.from({ length: ESTABLISHED - heavy }, (_, index) => lightStand(index)));
  const held = Array.from({ length: loose }, (_, index) => {
    const stand = heavyStand(heavy - loose + index);
    return { fd: crowd.open(stand), stand };
  });
  // last: they live for a minute
  for (let index = 0; index < TIME_WAIT; index++)
    connected('time_wait', [ours(1), RANGE.first + index], [`2001:db8::${(index % TIME_WAIT_PEERS).toString(16)}`, 80]);
  await findOwners(exporter);
  return { exporter, churn };

  /**
   * Peers on the page lose a few sockets, peers of the same size that are not on it gain as many. Returns how many
   * sockets there are more than before.
   */
  function churn(page: Page): number {
    const shown = new Set(page.get('tcpstate_remote_ip_sockets')!.samples.map(({ labels }) => labels.remote_ip));
    const leaving = held.filter(({ stand }) => shown.has(stand.remote[0]));
    const staying = held.filter(({ stand }) => !shown.has(stand.remote[0]));
    assert.ok(Math.min(leaving.length, staying.length) > loose / 4, `${leaving.length} leave, ${staying.length} stay`);
    for (const { fd } of leaving) crowd.leave(fd);
    for (const [index, { stand }] of staying.entries())
      crowd.open({ local: stand.local, remote: [stand.remote[0], 50_000 + index] });
    return staying.length - leaving.length;
  }
}

/** Owners of new sockets are looked for during a part of each scrape, until all are found. */
async function findOwners(exporter: RunningExporter): Promise<void> {
  for (let scrape = 1; ; scrape++) {
    const { tcpstate_process_sockets: cells } = cellsOfPage(await exporter.scrape(), ['tcpstate_process_sockets']);
    const unknown = cells!['process="unknown",state="established"'];
    if (unknown === undefined) return;
    if (scrape === 20) throw new Error(`the owners of ${unknown} sockets are not found`);
  }
}

/** A hash table of our own, so that what else runs on this machine does not pay for our sockets. Since Linux 6.1. */
function leaveSharedTable(): void {
  try {
    setNetworkSetting('ipv4/tcp_child_ehash_entries', '262144');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  enterNetworkNamespace();
}

/** Connections of one service each: the peers that the page has room for are among them. */
function heavyStand(index: number): Stand {
  const peer = index % HEAVY_PEERS;
  return {
    local: [ours(peer), FIRST_SERVICE + peer],
    remote: [peerAddress(peer), 45_000 + Math.floor(index / HEAVY_PEERS)],
  };
}

/** One or two connections of each of the other peers, to our services and to theirs. */
function lightStand(index: number): Stand {
  const peer = HEAVY_PEERS + (index % (PEERS - HEAVY_PEERS));
  const round = Math.floor(index / (PEERS - HEAVY_PEERS));
  const service: End = [ours(peer), FIRST_SERVICE + (peer % SERVICES)];
  const client: End = [ours(peer), RANGE.first + (peer % (RANGE.last - RANGE.first))];
  return round === 0
    ? { local: service, remote: [peerAddress(peer), 40_000] }
    : { local: client, remote: [peerAddress(peer), 443] };
}

/** Every second peer has an IPv6 address. */
function peerAddress(peer: number): string {
  const number = peer >> 1;
  return peer % 2 === 0 ? `10.16.${number >> 8}.${number & 255}` : `fd00::1:${number.toString(16)}`;
}

function ours(peer: number): string {
  return peer % 2 === 0 ? '10.0.0.1' : 'fd00::1';
}
