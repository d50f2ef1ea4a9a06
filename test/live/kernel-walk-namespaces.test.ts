import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { KernelWalk, loadWalk } from '../../src/platform/linux/bpf/kernel-walk.ts';
import { createWalkReader, EVERY_SOCKET } from '../../src/platform/linux/bpf/walk-reader.ts';
import { OtherNamespaces } from '../../src/table/other-namespaces.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { startFarHost } from '../support/sockets/far-host.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

const SERVICE = 8080;
/** The kernel takes a namespace down in the background, one after the other, on a machine that does other things too. */
const MOST_MS = 60_000;

const skip = enterNetworkNamespace() ?? missingBpf() ?? false;

test('a network namespace that the walk has read goes with its last process', { skip, timeout: 150_000 }, async (t) => {
  const walk = new KernelWalk(loadWalk());
  t.after(() => walk.close());
  const sockets = createRawSockets();
  t.after(sockets.closeAll);
  const reader = createWalkReader(walk, EVERY_SOCKET, 250);
  const host = await startFarHost(110, SERVICE, true);
  const link = 'far110';
  sockets.connect(sockets.open('192.0.110.1'), host.addresses.ipv4, SERVICE);
  assert.equal(remotesIn(reader).includes(host.addresses.ipv4), true);
  const held = openSync(`/proc/${host.pid}/ns/net`, 'r'); // the control: this does keep it alive
  await host.stop();
  for (let walks = 0; walks < 20; walks++) {
    remotesIn(reader);
    await delay(50);
  }
  assert.equal(hasLink(link), true, 'a descriptor of the namespace keeps it');
  closeSync(held);
  const untilMs = performance.now() + MOST_MS;
  while (hasLink(link)) {
    assert.ok(performance.now() < untilMs, 'the namespace is still there');
    remotesIn(reader);
    await delay(20);
  }
});

function hasLink(link: string): boolean {
  return spawnSync('ip', ['link', 'show', link]).status === 0;
}

function remotesIn(reader: ReturnType<typeof createWalkReader>): string[] {
  const table = new SocketTable();
  const now = () => performance.now();
  reader.read(table, { now, deadlineMs: now() + 60_000 }, new OtherNamespaces()); // its sockets as well
  return Array.from({ length: table.length }, (_, row) => table.addresses.textOf(table.rowAt(row).remoteAddress));
}
