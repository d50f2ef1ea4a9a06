import assert from 'node:assert/strict';
import { it } from 'node:test';
import { skipWithoutStrace, watchFiles } from '../support/files/opened-files.ts';
import { ODD_REQUESTS, sendBytes } from '../support/http/odd-requests.ts';
import { startExporter } from '../support/programs/running-exporter.ts';

/** The log folders are listed for the names of pods; nothing in them is opened. */
const READ_BY_COLLECTORS = /^open(at)? (\/(proc|sys)(\/|$)|\/var\/log\/(pods|containers)$)/;

it('opens no file and runs no command because of a request: collectors read /proc and /sys, and list the logs of pods', {
  skip: skipWithoutStrace(),
}, async (t) => {
  const exporter = await startExporter(t);
  const warmUp = { accept: 'application/openmetrics-text;version=1.0.0', 'accept-encoding': 'gzip' };
  for (let scrape = 0; scrape < 3; scrape++) await exporter.get('/metrics', warmUp);
  const watch = await watchFiles(t, exporter.pid);
  for (const bytes of ODD_REQUESTS) await sendBytes(exporter.port, bytes);
  assert.equal((await exporter.get('/metrics')).status, 200);
  const calls = await watch.stop();
  assert.ok(calls.includes('openat /proc/thread-self/net/snmp'), 'the scrapes among them are seen');
  assert.deepEqual(
    calls.filter((call) => !READ_BY_COLLECTORS.test(call)),
    [],
  );
});
