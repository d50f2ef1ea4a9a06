import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createFaultShim } from '../support/fakes/fault-shim.ts';
import { outliveFault, type Page } from '../support/fakes/outlived-fault.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { type RunningExporter, startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { addSilentNetworks } from '../support/sockets/phantom-peer.ts';
import { createSocketsByState } from '../support/sockets/sockets-by-state.ts';

const DAY = 24 * 60 * 60;
const YEARS = 30 * 365 * DAY;
/** More than a scrape or the whole test takes. */
const MOST_SECONDS = 60;
/** Histograms count what they like; all other metrics are no less than 0 here. */
const SIGNED = /^nodejs_/;

const skip = missingCompiler() ?? enterNetworkNamespace() ?? false;

test('a clock that is set, while the exporter runs', { skip }, async (t) => {
  addSilentNetworks();
  const shim = createFaultShim(t);
  const exporter = await startExporter(t, { launcher: shim.launcher });
  const { connected, close } = createSocketsByState();
  t.after(close);
  connected('close_wait', ['10.2.0.1', 80], ['192.0.2.1', 1001]);
  connected('time_wait', ['10.2.0.1', 80], ['192.0.2.1', 1002]);
  const before = await exporter.scrape();

  for (const [what, seconds] of [
    ['an hour back', -DAY / 24],
    ['thirty years back', -YEARS],
    ['a day forward', DAY],
  ] as const) {
    await t.test(what, async () => {
      const begin = () => shim.begin({ action: 'clock', seconds });
      begin();
      await untilItSays(exporter, seconds);
      shim.end();
      const pages = await outliveFault(exporter, { begin, end: shim.end, failing: [] });
      for (const page of pages) checkTimes(before, page);
    });
  }
});

/** Waits until the exporter believes in the new time: answers have it in their head, which is made once a second. */
async function untilItSays(exporter: RunningExporter, seconds: number): Promise<void> {
  for (let waits = 0; ; waits++) {
    const { headers } = await exporter.get('/');
    if (Math.abs(Date.parse(headers.date!) - Date.now() - seconds * 1000) < MOST_SECONDS * 1000) return;
    if (waits === 100) throw new Error(`it says ${headers.date}`);
    await delay(50);
  }
}

function checkTimes(before: Page, page: Page): void {
  for (const { name, samples } of page.values()) {
    if (SIGNED.test(name)) continue;
    for (const { value } of samples) assert.ok(value >= 0, `${name} ${value}`);
  }
  for (const { labels, value } of page.get('tcpstate_scrape_collector_duration_seconds')!.samples)
    assert.ok(value < MOST_SECONDS, `${labels.collector} took ${value} s`);
  const [age] = page.get('tcpstate_close_wait_oldest_seconds')!.samples;
  assert.ok(age!.value > 0 && age!.value < MOST_SECONDS, `${age!.value} s`);
  for (const name of ['process_start_time_seconds', 'tcpstate_time_wait_duration_seconds'])
    assert.deepEqual(page.get(name), before.get(name));
  for (const name of ['tcpstate_out_segments_total', 'process_cpu_seconds_total'])
    assert.ok(page.get(name)!.samples[0]!.value >= before.get(name)!.samples[0]!.value, name);
}
