import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startExporter } from '../support/programs/running-exporter.ts';

/** What Node.js writes to standard error when it opens its debugger, or tries to. */
const OPENED = /Debugger listening|Starting inspector/;
/** A port that the system chooses: 9229 may be taken. */
const ANY_PORT = '--inspect-port=0';

describe('SIGUSR1', () => {
  it('opens the debugger of any other program of Node.js', async (t) => {
    const child = spawn(process.execPath, [ANY_PORT, '-e', 'console.log(1); setTimeout(() => {}, 10_000)']);
    t.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    child.kill('SIGUSR1');
    const [said] = await once(child.stderr, 'data');
    assert.match(String(said), OPENED);
  });

  it('opens no debugger of the exporter, which goes on', async (t) => {
    const exporter = await startExporter(t, { launcher: ['env', `NODE_OPTIONS=${ANY_PORT}`] });
    for (let sent = 0; sent < 3; sent++) {
      process.kill(exporter.pid, 'SIGUSR1');
      await delay(100);
    }
    assert.equal((await exporter.get('/metrics')).status, 200);
    assert.deepEqual(
      exporter.log.filter(({ msg }) => OPENED.test(msg)),
      [],
    );
    assert.equal(await exporter.stop(), 0);
  });
});
