import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { KNOWN_STATES, stateLabel } from '../../src/model/tcp-state.ts';
import { type QueryResult, skipWithoutPrometheus, startPrometheus } from '../support/programs/prometheus-server.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { type MadeSocket, makeEverySocket } from '../support/sockets/every-socket.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { addSilentNetworks } from '../support/sockets/phantom-peer.ts';

/** In the kernel's default range, 32768 to 60999. */
const EPHEMERAL_PORT = 40_000;
/** The connection that Prometheus scrapes over and the one that this test asks it over, both ends of each; the two servers. */
const OURS = { established: 4, listen: 2 } as const;
const MOST_POLLS = 300;

const skip = skipWithoutPrometheus() || (enterNetworkNamespace() ?? false);

test('Prometheus counts by state exactly the sockets that were made', { skip }, async (t) => {
  addSilentNetworks();
  const exporter = await startExporter(t);
  const { made, close } = makeEverySocket(EPHEMERAL_PORT);
  t.after(close);
  const { query } = await startPrometheus(t, `127.0.0.1:${exporter.port}`);
  await untilScraped(query, Date.now() / 1000);

  await t.test('tcpstate_sockets', async () => {
    const { established, listen, ...others } = countByState(made);
    assert.deepEqual(byState(await query('sum by (state) (tcpstate_sockets)')), {
      ...others,
      established: established! + OURS.established,
      listen: listen! + OURS.listen,
    });
  });

  await t.test('tcpstate_sockets of one family', async () => {
    const ofIpv6 = made.filter(({ family }) => family === 'ipv6');
    assert.deepEqual(byState(await query('tcpstate_sockets{family="ipv6"}')), countByState(ofIpv6));
  });

  await t.test('one port of tcpstate_local_port_sockets', async () => {
    const ofPort = made.filter(({ localPort }) => localPort === 8100);
    assert.ok(ofPort.length > 20);
    assert.deepEqual(
      byState(await query('tcpstate_local_port_sockets{local_port="8100"}')),
      withoutZeros(countByState(ofPort)),
    );
  });

  await t.test('every breakdown adds up', async () => {
    const all = byState(await query('sum by (state) (tcpstate_sockets) > 0'));
    const { listen: _listen, bound: _bound, ...connected } = all;
    for (const metric of ['local_port', 'process', 'unit'])
      assert.deepEqual(byState(await query(`sum by (state) (tcpstate_${metric}_sockets)`)), all, metric);
    for (const metric of ['connections', 'remote_ip_sockets'])
      assert.deepEqual(byState(await query(`sum by (state) (tcpstate_${metric})`)), connected, metric);
  });

  await t.test('the target is up and every collector works', async () => {
    assert.deepEqual(
      (await query('up')).map(({ value }) => value),
      [1],
    );
    assert.deepEqual(await query('tcpstate_scrape_collector_success != 1'), []);
  });
});

/** Waits for a scrape that began after a moment, which is in seconds like Prometheus' own. */
async function untilScraped(query: (expression: string) => Promise<QueryResult[]>, seconds: number): Promise<void> {
  for (let polls = 0; polls < MOST_POLLS; polls++) {
    const [newest] = await query('max(timestamp(tcpstate_sockets))');
    if (newest !== undefined && newest.value > seconds) return;
    await delay(100);
  }
  throw new Error('Prometheus has not scraped the exporter');
}

function byState(results: readonly QueryResult[]): Record<string, number> {
  return Object.fromEntries(results.map(({ labels, value }) => [labels.state!, value]));
}

/** Zero for every state without a socket. */
function countByState(sockets: readonly MadeSocket[]): Record<string, number> {
  const labels = KNOWN_STATES.map(stateLabel);
  return Object.fromEntries(labels.map((label) => [label, sockets.filter(({ state }) => state === label).length]));
}

function withoutZeros(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
