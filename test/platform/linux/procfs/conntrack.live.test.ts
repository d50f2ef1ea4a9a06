import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readConntrack } from '../../../../src/platform/linux/procfs/conntrack.ts';
import { enterNetworkNamespace } from '../../../support/sockets/network-namespace.ts';

/** Ports that source NAT has towards one destination. */
const PORTS = 4;
const REFUSED = 3;
const RULES = `table ip nat { chain post {
  type nat hook postrouting priority 100;
  oifname lo tcp dport 4430 snat to 10.9.9.9:20000-${20_000 + PORTS - 1};
}; }`;

const skip = enterNetworkNamespace() ?? translateSources() ?? false;

test('connections for which source NAT has no port left are counted', { skip }, async (t) => {
  const server = createServer().listen(4430, '10.0.0.2');
  await once(server, 'listening');
  const sockets = Array.from({ length: PORTS + REFUSED }, () => connect({ host: '10.0.0.2', port: 4430 }));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  let connected = 0;
  for (const socket of sockets) socket.on('connect', () => connected++).on('error', () => {});
  await delay(500);
  assert.equal(connected, PORTS);
  const { insertFailed, drops, earlyDrops } = readConntrack('/proc')!;
  // each SYN that is sent again is refused again
  assert.ok(insertFailed! + drops! >= REFUSED, `${insertFailed} insertions failed, ${drops} packets dropped`);
  assert.equal(earlyDrops, 0);
});

function translateSources(): string | undefined {
  const { error, status, stderr } = spawnSync('nft', ['-f', '-'], { input: RULES, encoding: 'utf8' });
  if (status === 0) return undefined;
  const reason = `skipped: needs nftables, and a kernel that translates addresses: ${error?.message ?? stderr.trim()}`;
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}
