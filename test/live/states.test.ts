import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { sumByState, sumsByBreakdown } from '../support/pages/exact-sums.ts';
import { COMPARED_METRICS, expectedCells } from '../support/pages/expected-cells.ts';
import type { ParsedFamily } from '../support/pages/exposition-parser.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { makeEverySocket } from '../support/sockets/every-socket.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';
import { cellsOfPage, takePageInQuiet, waitForSs } from '../support/sockets/page-and-ss.ts';
import { addSilentNetworks } from '../support/sockets/phantom-peer.ts';
import { readSs, type SsSocket, ssKnowsBound } from '../support/sockets/ss.ts';

type Page = ReadonlyMap<string, ParsedFamily>;

const RANGE = { first: 40_000, last: 40_999 } as const;
const isEphemeral = (port: number) => port >= RANGE.first && port <= RANGE.last;

/** Everything fits on the page: no cell is folded into `other`. */
const ROOMY = ['connections', 'local-ports', 'remote-ips'].map((breakdown) => `--limit.${breakdown}=2000`);
const CRAMPED = ['connections', 'local-ports', 'remote-ips'].map((breakdown) => `--limit.${breakdown}=10`);
/** Every owner is found in the first scrape, however loaded the machine is. */
const PATIENT = '--owners.time-budget=5s';
const STUCK_AFTER_MS = 1000;

const ALL_STATES = [
  'bound',
  'close_wait',
  'closing',
  'established',
  'fin_wait1',
  'fin_wait2',
  'last_ack',
  'listen',
  'syn_recv',
  'syn_sent',
  'time_wait',
];

const skip = enterNetworkNamespace() ?? false;

test('the page agrees with ss on sockets in every state', { skip }, async (t) => {
  const { pages, sockets } = await takePages(t);
  const expected = expectedCells(sockets, isEphemeral);

  await t.test('the kernel was brought to every state, in both families', () => {
    for (const family of ['ipv4', 'ipv6']) {
      const states = sockets.filter((socket) => socket.family === family).map(({ state }) => state);
      assert.deepEqual([...new Set(states)].sort(), ALL_STATES, family);
    }
  });

  for (const metric of COMPARED_METRICS) {
    await t.test(`${metric} is what ss shows, cell by cell`, () => {
      assert.deepEqual(cellsOfPage(pages.roomy, [metric])[metric], expected[metric]);
    });
  }

  await t.test('a state without a socket is 0', () => {
    const closed = pages.roomy.get('tcpstate_sockets')!.samples.filter(({ labels }) => labels.state === 'close');
    assert.deepEqual(
      closed.map(({ value }) => value),
      [0, 0],
    );
  });

  await t.test('every breakdown adds up to the sockets of each state, whatever is folded', () => {
    const states = sumByState({ samples: sockets.map(({ state }) => ({ name: '', labels: { state }, value: 1 })) });
    for (const [name, page] of Object.entries(pages)) {
      assert.deepEqual(sumByState(page.get('tcpstate_sockets')), states, name);
      const breakdowns = sumsByBreakdown(page);
      assert.equal(breakdowns.length, 5, name);
      for (const { metric, sums, expected: wanted } of breakdowns) assert.deepEqual(sums, wanted, `${name}: ${metric}`);
    }
    const folded = cellsOfPage(pages.cramped, ['tcpstate_series_folded']).tcpstate_series_folded!;
    for (const metric of ['connections', 'local_port_sockets', 'remote_ip_sockets'])
      assert.ok(folded[`metric="tcpstate_${metric}"`]! > 0, metric);
  });

  await t.test('a kept cell of the small page has its full count', () => {
    for (const metric of ['tcpstate_connections', 'tcpstate_local_port_sockets', 'tcpstate_remote_ip_sockets']) {
      const cells = Object.entries(cellsOfPage(pages.cramped, [metric])[metric]!);
      const kept = cells.filter(([key]) => !key.includes('="other"'));
      assert.equal(kept.length, 10, metric);
      for (const [key, value] of kept) assert.equal(value, expected[metric]![key], `${metric}{${key}}`);
    }
  });

  await t.test('CLOSE_WAIT sockets that were never accepted are told from those never closed', () => {
    const waiting = sockets.filter(({ state }) => state === 'close_wait');
    const unaccepted = waiting.filter((socket) => socket.process === undefined).length;
    const process = waiting.find((socket) => socket.process !== undefined)!.process;
    assert.equal(unaccepted, 3);
    assert.deepEqual(
      cellsOfPage(pages.roomy, ['tcpstate_close_wait_stuck_sockets']).tcpstate_close_wait_stuck_sockets,
      {
        [`process="${process}",reason="unaccepted"`]: unaccepted,
        [`process="${process}",reason="unclosed"`]: waiting.length - unaccepted,
      },
    );
  });

  await t.test('the ports of the range in use are those of ss', () => {
    const used = (family: string) =>
      new Set(sockets.filter((s) => s.family === family && isEphemeral(s.localPort)).map((s) => s.localPort)).size;
    assert.ok(used('ipv4') > used('ipv6') && used('ipv6') > 0);
    assert.deepEqual(cellsOfPage(pages.roomy, ['tcpstate_ephemeral_ports_used']).tcpstate_ephemeral_ports_used, {
      'family="ipv4"': used('ipv4'),
      'family="ipv6"': used('ipv6'),
    });
  });
});

/** Pages of three exporters, with other limits each, at a moment at which nothing changes. */
async function takePages(t: TestContext) {
  addSilentNetworks();
  setNetworkSetting('ipv4/ip_local_port_range', `${RANGE.first} ${RANGE.last}`);
  const stuckAfter = `--close-wait.stuck-after=${STUCK_AFTER_MS / 1000}s`;
  const [roomy, usual, cramped] = await Promise.all([
    startExporter(t, { args: [...ROOMY, PATIENT, stuckAfter] }),
    startExporter(t, { args: [PATIENT] }),
    startExporter(t, { args: [...CRAMPED, PATIENT] }),
  ]);
  const { made, close } = makeEverySocket(RANGE.first);
  t.after(close);
  const scrape = async () => ({
    roomy: await roomy.scrape(),
    usual: await usual.scrape(),
    cramped: await cramped.scrape(),
  });
  await scrape(); // opens the connections that stay open
  await delay(STUCK_AFTER_MS + 100);
  // the exporters and the connections to them; what was made has other addresses
  const isOurs = ({ localIp }: SsSocket) => localIp === '127.0.0.1';
  const shown = ssKnowsBound() ? made : made.filter(({ state }) => state !== 'bound');
  await waitForSs(shown, isOurs);
  const { page: pages, sockets } = await takePageInQuiet<Record<'roomy' | 'usual' | 'cramped', Page>>(scrape);
  const unseen = ssKnowsBound() ? [] : made.filter(({ state }) => state === 'bound');
  const process = readSs().find(({ state }) => state === 'listen')!.process;
  return {
    pages,
    sockets: [...sockets, ...unseen.map((s): SsSocket => ({ ...s, process, receiveQueue: 0, sendQueue: 0, inode: 0 }))],
  };
}
