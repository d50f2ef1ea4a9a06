import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createLinkedProcfs } from '../support/files/linked-procfs.ts';
import { parseExposition } from '../support/pages/exposition-parser.ts';
import { ownFamilies } from '../support/pages/own-families.ts';
import { type Answer, type RunningExporter, startExporter } from '../support/programs/running-exporter.ts';
import { createCrowd } from '../support/sockets/crowd.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { cellsOfPage } from '../support/sockets/page-and-ss.ts';
import { readSs } from '../support/sockets/ss.ts';

/** Enough that a collection takes longer than handing out a few requests. */
const SOCKETS = 15_000;
const OPENMETRICS = { accept: 'application/openmetrics-text;version=1.0.0' } as const;

const HASTY = { 'x-prometheus-scrape-timeout-seconds': '0.002' } as const;

const skip = enterNetworkNamespace() ?? false;

test('requests at the same time get one and the same collection', { skip }, async (t) => {
  const exporter = await exporterOfCrowd(t);
  const answers = await requestTogether(exporter, [{}, {}, OPENMETRICS, {}, OPENMETRICS, {}]);
  const texts = answers.filter((_, index) => ![2, 4].includes(index)).map(({ body }) => body);
  assert.equal(texts.length, 4);
  for (const text of texts) assert.equal(text, texts[0]);
  assert.equal(answers[2]!.body, answers[4]!.body);
  const own = (samples: { name: string; value: number }[]) =>
    samples.filter(({ name }) => name.startsWith('tcpstate_'));
  const text = [...parseExposition(texts[0]!).values()].flatMap(({ samples }) => own(samples));
  const openMetrics = [...parseExposition(answers[2]!.body, 'openmetrics').values()].flatMap(({ samples }) =>
    own(samples),
  );
  assert.deepEqual(openMetrics, text, 'durations included');

  const next = await exporter.scrape();
  const durations = (cells: ReturnType<typeof cellsOfPage>) => cells.tcpstate_scrape_collector_duration_seconds;
  const metric = ['tcpstate_scrape_collector_duration_seconds'];
  assert.notDeepEqual(durations(cellsOfPage(next, metric)), durations(cellsOfPage(parseExposition(texts[0]!), metric)));
});

test('a scrape that has no time for the sockets is answered without them, and the next one is whole', {
  skip,
}, async (t) => {
  const exporter = await exporterOfCrowd(t);
  for (let round = 0; round < 20; round++) {
    const hasty = await exporter.get('/metrics', HASTY);
    const page = parseExposition(hasty.body);
    assert.equal(hasty.status, 200);
    assert.equal(page.has('tcpstate_sockets'), false);
    assert.equal(successOf(page).sockets, 0);
  }
  const [, patient] = await requestTogether(exporter, [HASTY, {}]);
  const page = parseExposition(patient!.body);
  assert.deepEqual(new Set(Object.values(successOf(page))), new Set([1]), 'who has time is not cut short');
  assert.ok(cellsOfPage(page, ['tcpstate_sockets']).tcpstate_sockets!['family="ipv4",state="established"']! > SOCKETS);
  assert.equal(hasLogged(exporter, 'lost the collector thread, restarting it'), false);
});

test('a collector thread that hangs costs the page what is missing, and is replaced', { skip }, async (t) => {
  const procfs = createLinkedProcfs(t);
  const exporter = await startExporter(t, { args: [`--path.procfs=${procfs.folder}`] });
  const whole = await exporter.scrape();
  assert.deepEqual(new Set(Object.values(successOf(whole))), new Set([1]));

  procfs.block('self/net/snmp');
  for (let miss = 1; !hasLogged(exporter, 'lost the collector thread, restarting it'); miss++) {
    const answer = await exporter.get('/metrics', { 'x-prometheus-scrape-timeout-seconds': '1.5' });
    assert.ok(answer.milliseconds < 1500, `answered after ${answer.milliseconds} ms`);
    const page = parseExposition(answer.body);
    const { ephemeral_ports: first, ...others } = successOf(page);
    assert.equal(first, miss === 1 ? 1 : 0, 'what was there in time is on the page');
    assert.equal(page.has('tcpstate_ephemeral_ports'), miss === 1);
    assert.deepEqual(new Set(Object.values(others)), new Set([0]));
    for (const metric of ['tcpstate_sockets', 'tcpstate_active_opens_total', 'tcpstate_buffer_memory_bytes'])
      assert.equal(page.has(metric), false, metric);
    if (miss === 2) procfs.mend('self/net/snmp'); // for those who open it from now on
    assert.ok(miss < 10, 'the thread is not replaced');
  }
  await untilReady(exporter);
  const after = await exporter.scrape();
  assert.equal(hasLogged(exporter, 'the collector thread is up again'), true);
  assert.deepEqual(ownFamilies(after), ownFamilies(whole));
  assert.deepEqual(new Set(Object.values(successOf(after))), new Set([1]));
});

test('the exporter ends when it is told to, even while its collector thread hangs', { skip }, async (t) => {
  const procfs = createLinkedProcfs(t);
  procfs.block('self/net/snmp');
  const exporter = await startExporter(t, { args: [`--path.procfs=${procfs.folder}`] });
  await untilReady(exporter);
  const answer = await exporter.get('/metrics', { 'x-prometheus-scrape-timeout-seconds': '5' });
  const { ephemeral_ports: before, counters } = successOf(parseExposition(answer.body));
  assert.deepEqual([before, counters], [1, 0], 'the thread was past what it reads first, and hangs');
  assert.equal(await Promise.race([exporter.stop(), delay(10_000, 'still running', { ref: false })]), 'SIGTERM');
});

test('a collector that fails loses its own series, and the log says so once', { skip }, async (t) => {
  const procfs = createLinkedProcfs(t);
  const exporter = await startExporter(t, { args: [`--path.procfs=${procfs.folder}`] });
  const whole = await exporter.scrape();

  procfs.remove('self/net/snmp');
  for (let scrape = 0; scrape < 3; scrape++) {
    const page = await exporter.scrape();
    const { counters, ...others } = successOf(page);
    assert.equal(counters, 0);
    assert.deepEqual(new Set(Object.values(others)), new Set([1]));
    const lost = ownFamilies(whole).filter((name) => !page.has(name));
    assert.ok(lost.includes('tcpstate_active_opens_total') && lost.includes('tcpstate_listen_overflows_total'));
    assert.ok(
      lost.every((name) => name.endsWith('_total')),
      lost.join(),
    );
  }
  procfs.mend('self/net/snmp');
  for (let scrape = 0; scrape < 3; scrape++) assert.deepEqual(ownFamilies(await exporter.scrape()), ownFamilies(whole));

  const about = exporter.log.filter(({ collector }) => collector !== undefined);
  assert.deepEqual(
    about.map(({ level, msg, collector }) => [level, msg, collector]),
    [
      ['error', 'collector fails', 'counters'],
      ['info', 'collector works again', 'counters'],
    ],
  );
  assert.match(String(about[0]!.error), /snmp is missing/);
});

async function exporterOfCrowd(t: TestContext): Promise<RunningExporter> {
  enterNetworkNamespace();
  const exporter = await startExporter(t);
  const crowd = createCrowd();
  t.after(crowd.disperse);
  crowd.hold(
    Array.from({ length: SOCKETS }, (_, index) => ({
      local: ['10.0.0.1', 32_768 + index],
      remote: [`10.1.${index >> 8}.${index & 255}`, 443],
    })),
  );
  await exporter.scrape();
  return exporter;
}

/** Stops the exporter, sends one request per set of headers, each on a connection of its own, and lets it go on. */
async function requestTogether(
  exporter: RunningExporter,
  headers: readonly Record<string, string>[],
): Promise<Answer[]> {
  process.kill(exporter.pid, 'SIGSTOP');
  const answers = Promise.all(headers.map((given) => exporter.getApart('/metrics', given)));
  for (let waits = 0; ; waits++) {
    const arrived = readSs().filter(
      ({ state, localPort, receiveQueue }) =>
        state === 'established' && localPort === exporter.port && receiveQueue > 0,
    );
    if (arrived.length === headers.length) break;
    if (waits === 200) throw new Error(`only ${arrived.length} requests have arrived`);
    await delay(20);
  }
  process.kill(exporter.pid, 'SIGCONT');
  return await answers;
}

async function untilReady(exporter: RunningExporter): Promise<void> {
  for (let waits = 0; (await exporter.getApart('/-/ready')).status !== 200; waits++) {
    if (waits === 500) throw new Error('it is never ready');
    await delay(20);
  }
}

function hasLogged(exporter: RunningExporter, message: string): boolean {
  return exporter.log.some(({ msg }) => msg === message);
}

function successOf(page: ReturnType<typeof parseExposition>): Record<string, number> {
  const { samples } = page.get('tcpstate_scrape_collector_success')!;
  return Object.fromEntries(samples.map(({ labels, value }) => [labels.collector!, value]));
}
