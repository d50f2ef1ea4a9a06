import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

const skip = enterNetworkNamespace() ?? false;

const SHARER = fileURLToPath(new URL('../support/sockets/port-sharer.ts', import.meta.url));

for (const address of ['10.0.0.1', '::1']) {
  describe(`releases that share a port by SO_REUSEPORT, ${address}`, { skip }, () => {
    it('have their own connections that were never accepted, and those of nobody known are nobody’s', async (t) => {
      enterNetworkNamespace();
      await serve(t, 'api-blue', 'accepts', address);
      await serve(t, 'api-green', 'hangs', address);
      const sockets = createRawSockets();
      t.after(() => sockets.closeAll());
      for (let made = 0; made < 24; made++) {
        const client = sockets.open(address);
        sockets.connect(client, address, 8080);
        sockets.closeWrite(client);
      }
      await delay(1200);
      const exporter = await startExporter(t, { args: ['--close-wait.stuck-after=1s'] });
      const page = await exporter.scrape();
      const cells = (metric: string, process: string) =>
        (page.get(metric)?.samples ?? []).filter(({ labels, value }) => labels.process === process && value > 0);
      const [queue] = cells('tcpstate_listener_accept_queue_length', 'api-green');
      const [stuck] = cells('tcpstate_close_wait_stuck_sockets', 'api-green');
      assert.ok(queue!.value > 0, 'some went to the one that hangs');
      assert.deepEqual([stuck!.labels.reason, stuck!.value], ['unaccepted', queue!.value]);
      assert.deepEqual(cells('tcpstate_close_wait_stuck_sockets', 'api-blue'), []);
    });
  });
}

async function serve(t: TestContext, name: string, what: string, address: string): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', SHARER, name, what, address, '8080'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
}
