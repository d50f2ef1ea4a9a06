import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { startExporter } from '../support/programs/running-exporter.ts';
import { sumBy, waitUntilReady } from '../support/sockets/event-pages.ts';
import { chooseOwn } from '../support/sockets/event-readings.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace, makeNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

const { port: PORT } = chooseOwn();
const PEER = 'fe80::9';
const skip = enterNetworkNamespace() ?? missingBpf() ?? false;

test('a link-local peer is another one behind another link, as in the table of sockets', { skip }, async (t) => {
  const sockets = createRawSockets();
  t.after(() => sockets.closeAll());
  addLinks('left', 'right');
  const [left, right] = [indexOf('left'), indexOf('right')];
  const args = ['--collector.connection_events', '--limit.connection-events=5000'];
  const exporter = await startExporter(t, { args });
  await waitUntilReady(exporter);
  const other = makeNetworkNamespace();
  t.after(() => other.close());
  const there = other.within(() => {
    addLinks('far');
    dial(`${PEER}%${indexOf('far')}`, 2);
    return indexOf('far');
  });
  dial(`${PEER}%${left}`, 3);
  dial(`${PEER}%${right}`, 5);
  for (const device of ['lo', undefined]) dial('127.0.0.1', 1, device);

  const own = { remote_port: String(PORT) };
  await exporter.scrape(); // counters are 0 on their first page
  const page = await exporter.scrape();
  assert.deepEqual(sumBy(page, 'tcpstate_connects_total', 'remote_ip', own), {
    [`${PEER}%left`]: 3,
    [`${PEER}%right`]: 5,
    [`${PEER}%${there}`]: 2,
    '127.0.0.1': 2,
  });
  const open = { ...own, state: 'established', direction: 'outbound' };
  assert.deepEqual(sumBy(page, 'tcpstate_connections', 'remote_ip', open), {
    [`${PEER}%left`]: 3,
    [`${PEER}%right`]: 5,
    '127.0.0.1': 1,
    '127.0.0.1%lo': 1,
  });

  function dial(address: string, count: number, device?: string): void {
    for (let made = 0; made < count; made++) {
      const fd = sockets.open(address);
      if (device !== undefined) sockets.bindToDevice(fd, device);
      sockets.connect(fd, address, PORT);
    }
  }

  /** Cables of this namespace, with the peer's address at each, and a server. */
  function addLinks(...names: readonly string[]): void {
    for (const name of names)
      for (const command of [
        `link add ${name} type veth peer name ${name}-end`,
        `link set ${name} up`,
        `link set ${name}-end up`,
        `addr add ${PEER}/64 dev ${name} nodad`,
      ]) {
        const { error, status, stderr } = spawnSync('ip', command.split(' '), { encoding: 'utf8' });
        if (error !== undefined || status !== 0) throw new Error(`ip ${command}: ${error?.message ?? stderr.trim()}`);
      }
    sockets.listen('::', PORT);
  }
});

function indexOf(name: string): number {
  return networkInterfaces()[name]!.find(({ address }) => address === PEER)!.scopeid!;
}
