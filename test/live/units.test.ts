import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ParsedFamily } from '../support/pages/exposition-parser.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { type RunningExporter, startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { inGroup, makeGroups, missingCgroups } from '../support/sockets/own-cgroups.ts';
import { createSocketPuppets, type SocketPuppet } from '../support/sockets/socket-puppets.ts';

const BASE = `tcpstate-test-${process.pid}`;

const skip = missingCompiler() ?? enterNetworkNamespace() ?? missingCgroups() ?? false;

test('sockets count for the unit that serves them, not for the one that opened the listener', { skip }, async (t) => {
  const { exporter, shop, group } = await serveHandedOver(t);
  const served = await untilStable(() => exporter.scrape());
  assertServed(served);

  writeFileSync(join(group('other.service'), 'cgroup.procs'), String(shop.pid));
  for (let scrape = 0; scrape < 20; scrape++) await exporter.scrape(); // it is looked at now and then
  const moved = await untilStable(() => exporter.scrape());
  assert.equal(cell(moved, 'established', 'other.service'), 2);
  assert.equal(cell(moved, 'established', 'shop.service'), undefined);
});

test('they do so for an exporter in a cgroup namespace of its own, as in a container', { skip }, async (t) => {
  const { exporter } = await serveHandedOver(t, ['unshare', '--cgroup']);
  assertServed(await untilStable(() => exporter.scrape()));
});

/** A listener that one unit has opened and another one serves. The exporter is in a third one beside it. */
async function serveHandedOver(t: TestContext, launcher: readonly string[] = []) {
  const { start } = createSocketPuppets(t); // ends its processes before their cgroups are removed
  let running: RunningExporter | undefined;
  t.after(() => running?.stop('SIGKILL'));
  const group = makeGroups(
    t,
    'init.slice',
    'init.slice/shop.socket',
    'system.slice',
    'system.slice/shop.service',
    'system.slice/other.service',
    'system.slice/exporter.service',
  );
  const exporter = await startExporter(t, {
    launcher: [...inGroup(group('exporter.service')), ...launcher],
    args: ['--owners.time-budget=5s'],
  });
  running = exporter;
  const activator = await start('activator', inGroup(group('shop.socket')));
  const shop = await start('shop', inGroup(group('shop.service')));
  const listener = await handOver(activator, shop, await activator.tell('listen 10.6.0.1 8080'));
  for (let count = 0; count < 3; count++) await activator.tell('connect 10.6.0.1 8080');
  for (let count = 0; count < 2; count++) await shop.tell(`accept ${listener}`);
  return { exporter, shop, group };
}

function assertServed(page: ReadonlyMap<string, ParsedFamily>): void {
  assert.equal(cell(page, 'listen', 'shop.service'), 1);
  assert.equal(cell(page, 'established', 'shop.service'), 2);
  // the clients, and the connection that nobody has accepted: it has no owner whose unit it could have
  assert.equal(cell(page, 'established', 'shop.socket'), 3 + 1);
}

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
