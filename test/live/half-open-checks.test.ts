import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ParsedFamily } from '../support/pages/exposition-parser.ts';
import { OWN_HOST } from '../support/programs/own-host.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { addSilentNetworks, createPhantomPeer } from '../support/sockets/phantom-peer.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

const CHECKS = 40;
const PORT = 9340;

const skip = enterNetworkNamespace() ?? false;

test('a half-open check counts as a failed attempt and as a half-open connection ended by a reset, a refused connect as the first only', {
  skip,
}, async (t) => {
  addSilentNetworks();
  const sockets = createRawSockets();
  const balancer = createPhantomPeer();
  t.after(() => {
    sockets.closeAll();
    balancer.close();
  });
  sockets.listen('10.0.0.1', PORT, 100);
  const exporter = await startExporter(t, { args: OWN_HOST });
  const before = await exporter.scrape();

  for (let port = 20_000; port < 20_000 + CHECKS; port++) {
    const ends = { from: ['192.0.2.9', port], to: ['10.0.0.1', PORT] } as const;
    balancer.say({ ...ends, sequence: 1000, flag: 'syn' });
    balancer.say({ ...ends, sequence: 1001, flag: 'rst' });
  }
  const checked = await exporter.scrape();
  assert.equal(grownBy('tcpstate_attempt_fails_total', before, checked), CHECKS);
  assert.equal(grownBy('tcpstate_embryonic_resets_total', before, checked), CHECKS);
  assert.equal(grownBy('tcpstate_active_opens_total', before, checked), 0);

  const client = sockets.open('10.0.0.1');
  assert.equal(sockets.tryConnect(client, '10.0.0.1', PORT + 1), 'ECONNREFUSED');
  const refused = await exporter.scrape();
  assert.equal(grownBy('tcpstate_attempt_fails_total', checked, refused), 1);
  assert.equal(grownBy('tcpstate_embryonic_resets_total', checked, refused), 0);
});

type Page = ReadonlyMap<string, ParsedFamily>;

function grownBy(counter: string, before: Page, after: Page): number {
  const [first, last] = [before, after].map((page) => page.get(counter)!.samples[0]!.value);
  return last! - first!;
}
