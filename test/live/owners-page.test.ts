import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ParsedFamily } from '../support/pages/exposition-parser.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { cellsOfPage } from '../support/sockets/page-and-ss.ts';
import { addSilentNetworks } from '../support/sockets/phantom-peer.ts';
import { createSocketPuppets } from '../support/sockets/socket-puppets.ts';
import { createSocketsByState } from '../support/sockets/sockets-by-state.ts';
import { readSs } from '../support/sockets/ss.ts';

const PATIENT = '--owners.time-budget=5s';
const NOBODY = 65_534;
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
/** The program through a mount of its own: the folders above this one may be closed to others. */
const EXPORTER_AS_NOBODY = [
  ...['unshare', '-m', 'sh', '-c'],
  `root=$(dirname "$(dirname "$2")"); node=$1; shift 2
   mount --bind "$root" /mnt && exec ${AS_NOBODY.join(' ')} "$node" /mnt/dist/main.js "$@"`,
  'sh',
];
const PEER = '192.0.2.1';

const skip = missingCompiler() ?? enterNetworkNamespace() ?? false;
const mayBeNobody = /^\s*0\s+0\s+[1-9]\d{5,}/m.test(readOwnIds());
const skipNobody = skip || mayBeNobody ? skip : missingUser();

test('inbound sockets without an inode are the listener’s process’s', { skip }, async (t) => {
  addSilentNetworks();
  const { start } = createSocketPuppets(t);
  const { connected, halfOpened, close } = createSocketsByState();
  t.after(close);
  const exporter = await startExporter(t, { args: [PATIENT] });
  const service = await start('service');
  const client = await start('client');
  await service.tell('listen 10.2.0.1 80');
  connected('time_wait', ['10.2.0.1', 80], [PEER, 1001]);
  connected('time_wait', ['10.2.0.1', 80], [PEER, 1002]);
  halfOpened(['10.2.0.1', 80], [PEER, 1003]);
  await client.tell('connect 10.2.0.1 80'); // nobody accepts it
  connected('time_wait', ['10.2.0.1', 50_000], [PEER, 443]); // outbound: the kernel keeps no owner
  await untilSs(() => ({ ...countStates('10.2.0.1') }), { established: 2, listen: 1, syn_recv: 1, time_wait: 3 });

  const page = await exporter.scrape();
  assert.deepEqual(processCells(page, 'service'), { established: 1, listen: 1, syn_recv: 1, time_wait: 2 });
  assert.deepEqual(processCells(page, 'client'), { established: 1 });
  const { 'reason="kernel",state="time_wait"': outbound, ...others } = unattributed(page);
  assert.equal(outbound, 1);
  assert.deepEqual(others, {});
});

test('without capabilities the page comes, tells how much is hidden, and names what is not', {
  skip: skipNobody,
}, async (t) => {
  const { start } = createSocketPuppets(t);
  const exporter = await startExporter(t, { args: [PATIENT], launcher: EXPORTER_AS_NOBODY });
  const hidden = await start('hidden');
  const shown = await start('shown', AS_NOBODY);
  const listeners = [await hidden.tell('listen 10.2.1.1 8080'), await shown.tell('listen 10.2.1.2 8080')];
  for (let round = 0; round < 3; round++) {
    await hidden.tell('connect 10.2.1.1 8080');
    await hidden.tell(`accept ${listeners[0]}`);
    await shown.tell('connect 10.2.1.2 8080');
    await shown.tell(`accept ${listeners[1]}`);
  }
  await hidden.tell('connect 10.2.1.1 8080'); // not accepted: hidden like the listener
  await exporter.scrape(); // opens the connection that stays open
  const page = await exporter.scrape();

  assert.deepEqual(processCells(page, 'shown'), { established: 6, listen: 1 });
  assert.deepEqual(processCells(page, 'hidden'), {});
  const ours = readSs().filter(({ localPort, remotePort }) => [localPort, remotePort].includes(exporter.port));
  assert.equal(ours.filter(({ process }) => process !== undefined).length, 3, 'listener, and both ends of the request');
  const hiddenCells = Object.entries(unattributed(page)).filter(([key]) => !key.startsWith('reason="kernel"'));
  assert.deepEqual(Object.fromEntries(hiddenCells), {
    'reason="permission",state="established"': 8 + 1, // one is the end of the request that is this test's
    'reason="permission",state="listen"': 1,
  });
  for (const { labels, value } of page.get('tcpstate_scrape_collector_success')!.samples)
    assert.equal(value, 1, labels.collector);
  const warnings = exporter.log.filter(({ level, msg }) => level === 'warn' && msg.includes('CAP_SYS_PTRACE'));
  assert.equal(warnings.length, 1);
});

/** Sockets of a process by state. */
function processCells(page: ReadonlyMap<string, ParsedFamily>, process: string): Record<string, number> {
  const { samples } = page.get('tcpstate_process_sockets')!;
  const ours = samples.filter(({ labels, value }) => labels.process === process && value > 0);
  return Object.fromEntries(ours.map(({ labels, value }) => [labels.state!, value]));
}

function unattributed(page: ReadonlyMap<string, ParsedFamily>): Record<string, number> {
  return cellsOfPage(page, ['tcpstate_unattributed_sockets']).tcpstate_unattributed_sockets!;
}

function countStates(localIp: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const socket of readSs()) if (socket.localIp === localIp) counts[socket.state] = (counts[socket.state] ?? 0) + 1;
  return counts;
}

async function untilSs(read: () => Record<string, number>, expected: Record<string, number>): Promise<void> {
  for (let waits = 0; ; waits++) {
    const seen = read();
    if (JSON.stringify(Object.entries(seen).sort()) === JSON.stringify(Object.entries(expected).sort())) return;
    if (waits === 50) assert.deepEqual(seen, expected);
    await delay(50);
  }
}

function readOwnIds(): string {
  return skip === false ? readFileSync('/proc/self/uid_map', 'utf8') : '';
}

/** In a user namespace with one user nobody can become another. */
function missingUser(): string {
  if (process.env.CI === 'true') throw new Error(`user ${NOBODY} is missing here: CI must run as root`);
  return `skipped: needs root to become user ${NOBODY}`;
}
