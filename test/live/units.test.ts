import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ParsedFamily } from '../support/pages/exposition-parser.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { inGroup, makeGroups, missingCgroups } from '../support/sockets/own-cgroups.ts';
import { createSocketPuppets, type SocketPuppet } from '../support/sockets/socket-puppets.ts';

const BASE = `tcpstate-test-${process.pid}`;

const skip = missingCompiler() ?? enterNetworkNamespace() ?? missingCgroups() ?? false;

test('sockets count for the unit that serves them, not for the one that opened the listener', { skip }, async (t) => {
  const exporter = await startExporter(t, { args: ['--owners.time-budget=5s'] });
  const { start } = createSocketPuppets(t); // ends its processes before their cgroups are removed
  const group = makeGroups(
    t,
    'system.slice',
    'system.slice/shop.socket',
    'system.slice/shop.service',
    'system.slice/other.service',
  );
  const activator = await start('activator', inGroup(group('shop.socket')));
  const shop = await start('shop', inGroup(group('shop.service')));
  const listener = await handOver(activator, shop, await activator.tell('listen 10.6.0.1 8080'));
  for (let count = 0; count < 3; count++) await activator.tell('connect 10.6.0.1 8080');
  for (let count = 0; count < 2; count++) await shop.tell(`accept ${listener}`);
  const served = await untilStable(() => exporter.scrape());
  assert.equal(cell(served, 'listen', 'shop.service'), 1);
  assert.equal(cell(served, 'established', 'shop.service'), 2);
  // the clients, and the connection that nobody has accepted: it has no owner whose unit it could have
  assert.equal(cell(served, 'established', 'shop.socket'), 3 + 1);

  writeFileSync(join(group('other.service'), 'cgroup.procs'), String(shop.pid));
  for (let scrape = 0; scrape < 20; scrape++) await exporter.scrape(); // it is looked at now and then
  const moved = await untilStable(() => exporter.scrape());
  assert.equal(cell(moved, 'established', 'other.service'), 2);
  assert.equal(cell(moved, 'established', 'shop.service'), undefined);
});

/** New units show up after a walk over all cgroups, of which there is one a second at most. */
async function untilStable(scrape: () => Promise<ReadonlyMap<string, ParsedFamily>>) {
  await scrape();
  await delay(1100);
  await scrape();
  await delay(1100);
  return scrape();
}

function cell(page: ReadonlyMap<string, ParsedFamily>, state: string, unit: string): number | undefined {
  const { samples } = page.get('tcpstate_unit_sockets')!;
  return samples.find(({ labels }) => labels.state === state && labels.unit === unit)?.value;
}

/** The receiver has it, the giver does not any more. */
async function handOver(giver: SocketPuppet, taker: SocketPuppet, fd: number): Promise<number> {
  const name = `${BASE}-${taker.pid}`;
  const box = await taker.tell(`mailbox ${name}`);
  await giver.tell(`pass ${fd} ${name}`);
  const taken = await taker.tell(`take ${box}`);
  await giver.tell(`close ${fd}`);
  return taken;
}
