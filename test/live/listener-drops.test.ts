import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ParsedFamily } from '../support/pages/exposition-parser.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

/** Requests to connect beyond what the queue of one place takes. */
const REQUESTS = 40;

const skip = enterNetworkNamespace();
const skipWalk = skip ?? missingBpf();

for (const [source, address, port, missing] of [
  ['sock_diag', '10.0.0.1', 9300, skip],
  ['sock_diag', '::1', 9301, skip],
  ['bpf', '10.0.0.1', 9302, skipWalk],
  ['bpf', '::1', 9303, skipWalk],
] as const) {
  test(`what the full queue of ${address} drops is counted by its listener as the kernel counts it, by ${source}`, {
    skip: missing ?? false,
  }, async (t) => {
    const sockets = createRawSockets();
    t.after(() => sockets.closeAll());
    sockets.listen(address, port, 0);
    sockets.listen(address, port + 10, 100);
    const exporter = await startExporter(t, {
      args: ['--owners.time-budget=5s', `--collector.sockets.source=${source}`],
    });
    const before = await exporter.scrape();
    assert.equal(sourceIn(before), source);
    assert.equal(dropsOf(before, address, port), 0);

    await knock(address, port);
    const after = await exporter.scrape();
    const dropped = dropsOf(after, address, port)!;
    assert.ok(dropped >= REQUESTS - 2, `${dropped} of ${REQUESTS}`);
    assert.equal(dropped, overflowsIn(after) - overflowsIn(before));
    assert.equal(dropsOf(after, address, port + 10), 0);
  });
}

for (const [source, address, port, missing] of [
  ['sock_diag', '10.0.0.1', 9320, skip],
  ['bpf', '::1', 9321, skipWalk],
] as const) {
  test(`a listener that waits for data (TCP_DEFER_ACCEPT) drops nothing when the handshake ends without, by ${source}`, {
    skip: missing ?? false,
  }, async (t) => {
    const sockets = createRawSockets();
    t.after(() => sockets.closeAll());
    const waiting = sockets.listen(address, port, 100);
    sockets.deferAccept(waiting, 30);
    sockets.listen(address, port + 10, 0);
    const exporter = await startExporter(t, { args: [`--collector.sockets.source=${source}`] });
    const before = await exporter.scrape();

    for (let made = 0; made < REQUESTS; made++) {
      const client = sockets.open(address);
      sockets.connect(client, address, port);
    }
    assert.ok(segmentsAt(port) >= REQUESTS, 'the kernel counts their last segments as drops of the socket');
    const after = await exporter.scrape();
    assert.equal(dropsOf(after, address, port), 0);

    await exporter.scrape(); // what the last one could not tell is told in this one or never
    await knock(address, port + 10); // and none of those that another listener drops are its own
    const last = await exporter.scrape();
    assert.equal(dropsOf(last, address, port + 10), overflowsIn(last) - overflowsIn(before));
    assert.equal(dropsOf(last, address, port), 0);
  });
}

/** `sk_drops` of the listener on a port: `d` in what ss says of its memory. */
function segmentsAt(port: number): number {
  const text = execFileSync('ss', ['-Hntlm', `( sport = :${port} )`], { encoding: 'utf8' });
  return Number(/,d(\d+)\)/.exec(text)?.[1]);
}

/** Clients that give up before they send a second SYN. */
async function knock(host: string, port: number): Promise<void> {
  const clients = Array.from({ length: REQUESTS }, () => connect({ host, port }).on('error', () => {}));
  await delay(300);
  for (const client of clients) client.destroy();
  await delay(100);
}

function dropsOf(page: ReadonlyMap<string, ParsedFamily>, ip: string, port: number): number | undefined {
  const samples = page.get('tcpstate_listener_dropped_connections_total')?.samples ?? [];
  return samples.find(({ labels }) => labels.local_ip === ip && labels.local_port === `${port}`)?.value;
}

function sourceIn(page: ReadonlyMap<string, ParsedFamily>): string | undefined {
  return page.get('tcpstate_source_info')!.samples.find(({ labels }) => labels.collector === 'sockets')?.labels.source;
}

function overflowsIn(page: ReadonlyMap<string, ParsedFamily>): number {
  return page.get('tcpstate_listen_overflows_total')!.samples[0]!.value;
}
