import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { missingCompiler } from '../support/programs/gcc.ts';
import { type RunningExporter, startExporter } from '../support/programs/running-exporter.ts';
import { createConnectionMaker } from '../support/sockets/connection-maker.ts';
import { scrapeAtRest, sumBy, waitUntilReady } from '../support/sockets/event-pages.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';

const RUN = Math.random().toString(36).slice(2, 6).padEnd(4, '0');
const CALLERS = [
  { name: `${RUN}-a`, port: 9301 },
  { name: `${RUN}-b`, port: 9302 },
] as const;
/** Half of the places that events.bpf.c has, and more than it has. */
const [MANY, TOO_MANY] = [131_072, 300_000];
const BATCH = 16_384;
/** What others may have opened meanwhile: the programs see every namespace. */
const MOST_OTHERS = 60_000;
const skip = enterNetworkNamespace() ?? missingBpf() ?? missingCompiler() ?? false;

test('131,072 TIME_WAIT in a minute all have their process; of more, what is lost is counted, and nothing is wrong', {
  skip,
}, async (t) => {
  setNetworkSetting('ipv4/ip_local_port_range', '1024 65535');
  setNetworkSetting('ipv4/tcp_max_tw_buckets', '1000000');
  setNetworkSetting('ipv4/tcp_tw_reuse', '0');
  const maker = createConnectionMaker(t);
  for (const { name, port } of CALLERS) await maker.serve(`${name}-srv`, '0.0.0.0', port, 'client');
  const exporter = await startExporter(t, {
    args: ['--collector.connection_events', '--limit.connection-events=5000', '--limit.processes=5000'],
  });
  await waitUntilReady(exporter);
  const batches: { readonly active: number; readonly waited: number }[] = [];
  let made = 0;
  let last = await look(exporter);

  await openUpTo(MANY);
  await t.test('131,072', () => {
    assert.ok(last.lost === 0 || last.others > MOST_OTHERS, `${last.lost} lost, ${last.others} of others`);
    assert.ok(last.without <= last.lost, `${last.without} without a process, ${last.lost} lost`);
    assertOwners();
  });

  await openUpTo(TOO_MANY);
  await t.test('300,000', () => {
    // TIME_WAIT of the first ones may be over, and then their places were free
    assert.ok(last.lost > 0 || last.seconds > 60, 'more than there are places for');
    assert.ok(last.without <= last.lost, `${last.without} without a process, ${last.lost} lost`);
    assertOwners();
  });

  await t.test('closed by this side as often as the kernel says', () => {
    for (const { active, waited } of batches) assert.ok(active <= waited, `${active} counted, ${waited} TIME_WAIT`);
    // some kernels run no programs of others in the context of their first process: such a batch lacks a few
    assert.ok(
      batches.some(({ active, waited }) => active === waited),
      JSON.stringify(batches),
    );
  });

  async function openUpTo(total: number): Promise<void> {
    for (; made < total; made += BATCH) {
      const { name, port } = CALLERS[(made / BATCH) % CALLERS.length]!;
      const address = `127.0.1.${1 + made / BATCH}`; // the kernel takes long to find a port where half of them are used
      assert.equal(maker.call(name, [address, port], BATCH, 'close').ok, BATCH);
      if (total === MANY) await lookAgain();
    }
    if (total !== MANY) await lookAgain();
  }

  async function lookAgain(): Promise<void> {
    const now = await look(exporter);
    batches.push({ active: now.active - last.active, waited: now.waited - last.waited });
    last = now;
    const shown = CALLERS.reduce((all, { name }) => all + (now.shown[name] ?? 0), 0);
    t.diagnostic(`${now.waited} closed: ${shown} TIME_WAIT with a process, ${now.without} without, ${now.lost} lost`);
  }

  /**
   * What ss shows by port, before and after the page: in between TIME_WAIT may be over, and a process may have none of those left; or the
   * last connections of a call get there, whose peers close a moment later.
   */
  function assertOwners(): void {
    for (const [index, { name }] of CALLERS.entries()) {
      const shown = last.shown[name] ?? 0;
      const [before, after] = [last.before[index]!, last.after[index]!];
      assert.ok(shown <= Math.max(before, after), `${name}: ${shown} on the page, ${before} and ${after} by ss`);
      const least = Math.min(before, after) - last.lost;
      assert.ok(shown >= least, `${name}: ${shown} on the page, ${last.after[index]} by ss, ${last.lost} lost`);
    }
  }
});

async function look(exporter: RunningExporter) {
  const before = CALLERS.map(({ port }) => countTimeWait(port));
  const page = await scrapeAtRestOrEmpty(exporter);
  const after = CALLERS.map(({ port }) => countTimeWait(port));
  const own = (sums: Record<string, number>) => CALLERS.reduce((all, { name }) => all + (sums[name] ?? 0), 0);
  const connects = sumBy(page, 'tcpstate_connects_total', 'process');
  return {
    before,
    after,
    shown: sumBy(page, 'tcpstate_process_sockets', 'process', { state: 'time_wait' }),
    without: sumBy(page, 'tcpstate_unattributed_sockets', 'state', { reason: 'kernel' }).time_wait ?? 0,
    lost: sumBy(page, 'tcpstate_connection_events_lost_total', 'map').connections ?? 0,
    active: own(sumBy(page, 'tcpstate_connections_closed_total', 'process', { how: 'active' })),
    others: Object.values(connects).reduce((all, number) => all + number, 0) - own(connects),
    waited: readTimeWaited(),
    seconds: process.uptime(),
  };
}

/** Before the first call there is nothing that could come to rest. */
async function scrapeAtRestOrEmpty(exporter: RunningExporter) {
  const page = await exporter.scrape();
  const isEmpty = sumBy(page, 'tcpstate_connects_total', 'process')[CALLERS[0].name] === undefined;
  return isEmpty && readTimeWaited() < BATCH ? page : scrapeAtRest(exporter, RUN);
}

function countTimeWait(port: number): number {
  const filter = ['-Htn', 'state', 'time-wait', `dport = :${port}`];
  const { status, stdout } = spawnSync('ss', filter, { maxBuffer: 2 ** 28 });
  assert.equal(status, 0);
  return stdout.toString('latin1').split('\n').length - 1;
}

/** TcpExt TW of the namespace. */
function readTimeWaited(): number {
  const [names, values] = readFileSync('/proc/thread-self/net/netstat', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  return Number(values![names!.indexOf('TW')]);
}
