import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { FamilyLabel } from '../../src/model/socket-counts.ts';
import { readWindowsFixture } from '../platform/windows/recorded.ts';
import { sumsByBreakdown } from '../support/pages/exact-sums.ts';
import { type ParsedFamily, parseExposition } from '../support/pages/exposition-parser.ts';
import { readGoldenPage } from '../support/pages/golden-pages.ts';
import { readSs } from '../support/sockets/ss.ts';
import { startWindowsExporter, type WindowsExporter } from './exporter-under-wine.ts';
import type { SocketZoo } from './inside/socket-zoo.ts';
import { setTcpParameters } from './registry.ts';
import { type Answers, installAnswers } from './stand-ins.ts';
import type { Bench } from './suite.test.ts';
import { type Started, windowsPath } from './wine.ts';

type Page = ReadonlyMap<string, ParsedFamily>;

const LANGUAGES = ['en', 'de', 'zh'];
/** What the fixtures exclude from the range 49152–65535. */
const EXCLUDED = [
  [49_710, 49_809],
  [50_000, 50_059],
] as const;
const PORTS = 16_384 - 160;
/** Wine's iphlpapi.dll has no call for bound sockets, and it counts no handles. */
const UNSEEN_UNDER_WINE = 'bound';
const ABSENT_UNDER_WINE = 'tcpstate_process_open_fds';

export function testExporter(useBench: () => Bench): void {
  describe('the exporter', () => testPages(useBench));
}

function testPages(useBench: () => Bench): void {
  let answers: Answers;

  before(async () => {
    const { wine, standIns } = useBench();
    answers = installAnswers(wine, standIns.command);
    await setTcpParameters(wine, { TcpTimedWaitDelay: 30, MaxUserPort: 65_534 });
  });

  for (const language of LANGUAGES) {
    it(`shows the sockets of a Windows process, and the range that netsh tells in language ${language}`, async (t) => {
      answers.set(answersIn(language));
      const zoo = await openZoo(t);
      const exporter = await start(t);
      const { page, ports } = await scrapeInQuiet(exporter);
      checkZoo(page, zoo);
      checkRange(page, ports);
      for (const { metric, sums, expected } of sumsByBreakdown(page)) assert.deepEqual(sums, expected, metric);
      assert.deepEqual(answers.calls(), CALLS); // asked at the start, not by the scrapes
      assert.equal(await exporter.stop(), 0);
    });
  }

  it('has every metric of the committed page of Windows, each with the same labels and states', async (t) => {
    answers.set(answersIn('en'));
    await openZoo(t);
    const exporter = await start(t);
    const page = await exporter.scrape();
    const golden = parseExposition(readGoldenPage('windows.txt'));
    const shapes = (families: Page) =>
      [...families.values()]
        .filter(({ name }) => name !== ABSENT_UNDER_WINE)
        .map(({ name, type, help, samples }) => [name, type, help, Object.keys(samples[0]!.labels)]);
    assert.deepEqual(shapes(page), shapes(golden));
    for (const metric of ['tcpstate_sockets', 'tcpstate_unattributed_sockets']) {
      const series = (families: Page) => families.get(metric)!.samples.map(({ labels }) => labels);
      const visible = series(golden).filter(
        ({ state }) => state !== UNSEEN_UNDER_WINE || metric !== 'tcpstate_sockets',
      );
      assert.deepEqual(series(page), visible);
    }
    for (const metric of ['tcpstate_source_info', 'tcpstate_scrape_collector_success']) {
      const series = (families: Page) =>
        families
          .get(metric)!
          .samples.map((sample) => JSON.stringify(sample))
          .sort();
      assert.deepEqual(series(page), series(golden));
    }
    assert.equal(sampleOf(page, 'tcpstate_setting_tcp_timed_wait_delay_seconds'), 30);
    assert.equal(sampleOf(page, 'tcpstate_time_wait_duration_seconds'), 30);
    assert.equal(sampleOf(page, 'tcpstate_setting_max_user_port'), 65_534);
    assert.deepEqual(
      page.get('tcpstate_port_exhaustion_events_total')!.samples.map(({ labels, value }) => [labels.event_id, value]),
      [
        ['4227', 0],
        ['4231', 0],
      ],
    );
  });

  it('goes without what commands do not tell, and without bound sockets', async (t) => {
    answers.set({});
    await openZoo(t);
    const exporter = await start(t);
    const page = await exporter.scrape();
    const absent = /^tcpstate_(ephemeral|process_ephemeral|port_exhaustion)/;
    assert.deepEqual(
      [...page.keys()].filter((name) => absent.test(name)),
      [],
    );
    assert.equal(sampleOf(page, 'tcpstate_scrape_collector_success', { collector: 'ephemeral_ports' }), 0);
    assert.equal(sampleOf(page, 'tcpstate_scrape_collector_success', { collector: 'port_exhaustion_events' }), 0);
    assert.equal(sampleOf(page, 'tcpstate_scrape_collector_success', { collector: 'sockets' }), 1);
    assert.equal(sampleOf(page, 'tcpstate_sockets', { state: 'close_wait', family: 'ipv4' }), 1);
    assert.equal(sampleOf(page, 'tcpstate_sockets', { state: UNSEEN_UNDER_WINE, family: 'ipv4' }), undefined);
    assert.match(exporter.log(), /iphlpapi\.dll cannot list bound sockets/);
    assert.match(exporter.log(), /netsh show dynamicport printed nothing/);
    assert.match(exporter.log(), /wevtutil prints nothing about the System log/);
  });

  async function start(t: TestContext): Promise<WindowsExporter> {
    const { wine, app } = useBench();
    const exporter = await startWindowsExporter(wine, app, '--web.disable-exporter-metrics');
    t.after(() => exporter.stop());
    return exporter;
  }

  /** One for each test: after a minute its socket in TIME_WAIT is gone. */
  async function openZoo(t: TestContext): Promise<SocketZoo> {
    const { wine, app } = useBench();
    const keeper = wine.start(app.node, windowsPath(join(app.folder, 'test', 'windows', 'inside', 'keep-zoo.ts')));
    t.after(() => keeper.stop('SIGKILL'));
    return readZoo(keeper);
  }
}

const CALLS = [
  'netsh-int-ipv4-show-dynamicport-tcp',
  'netsh-int-ipv4-show-excludedportrange',
  'netsh-int-ipv6-show-dynamicport-tcp',
  'netsh-int-ipv6-show-excludedportrange',
  'wevtutil-qe-System',
];

function answersIn(language: string): Record<string, Uint8Array> {
  const range = readWindowsFixture(`netsh-dynamicport.${language}.txt`);
  const excluded = readWindowsFixture(`netsh-excluded.${language}.txt`);
  return {
    'netsh-int-ipv4-show-dynamicport-tcp': range,
    'netsh-int-ipv6-show-dynamicport-tcp': range,
    'netsh-int-ipv4-show-excludedportrange': excluded,
    'netsh-int-ipv6-show-excludedportrange': excluded,
    'wevtutil-qe-System': readWindowsFixture('wevtutil-4227.xml'), // logged before the exporter started
  };
}

async function readZoo(keeper: Started): Promise<SocketZoo> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const line = keeper.stdout();
    if (line.endsWith('\n')) return JSON.parse(line);
    await pause(100);
  }
  throw new Error(`the sockets are not there:\n${keeper.stderr()}`);
}

/** Each state in its own cell, made by a process whose name is told where Wine tells its pid. */
function checkZoo(page: Page, zoo: SocketZoo): void {
  const own = { remote_ip: '127.0.0.1', remote_port: String(zoo.listener), local_port: 'ephemeral' };
  const outbound = (state: string, process: string) =>
    sampleOf(page, 'tcpstate_connections', { ...own, state, process, direction: 'outbound' });
  const shown = page
    .get('tcpstate_connections')!
    .samples.filter(({ labels }) => labels.remote_port === own.remote_port);
  const all = JSON.stringify(shown);
  assert.equal(outbound('established', 'node.exe'), 1, all);
  assert.equal(outbound('fin_wait2', 'node.exe'), 1, all);
  assert.equal(outbound('time_wait', 'unknown'), 1, all);
  const port = { local_port: String(zoo.listener) };
  for (const state of ['listen', 'established', 'close_wait']) {
    assert.equal(sampleOf(page, 'tcpstate_local_port_sockets', { ...port, state }), 1, state);
  }
  const inbound = { ...port, direction: 'inbound', remote_ip: '127.0.0.1', remote_port: '', process: 'unknown' };
  assert.equal(sampleOf(page, 'tcpstate_connections', { ...inbound, state: 'close_wait' }), 1);
  assert.equal(sampleOf(page, 'tcpstate_sockets', { family: 'ipv6', state: 'listen' }), 1);
  assert.equal(sampleOf(page, 'tcpstate_sockets', { family: 'ipv6', state: 'established' }), 2);
  assert.ok(sampleOf(page, 'tcpstate_unit_sockets', { state: 'fin_wait2', unit: 'unknown' })! > 0);
}

/** A page, and the local ports by family that Linux saw in use before it and after it. */
async function scrapeInQuiet(exporter: WindowsExporter) {
  await exporter.scrape(); // from here on the connection of the scrapes is there
  for (let attempt = 0; attempt < 20; attempt++) {
    const ports = { ipv4: portsInUse('ipv4'), ipv6: portsInUse('ipv6') };
    const page = await exporter.scrape();
    const isQuiet =
      String(ports.ipv4) === String(portsInUse('ipv4')) && String(ports.ipv6) === String(portsInUse('ipv6'));
    if (isQuiet) return { page, ports };
  }
  throw new Error('sockets come and go all the time');
}

function portsInUse(family: FamilyLabel): readonly number[] {
  const ports = new Set(readSs().flatMap((socket) => (socket.family === family ? [socket.localPort] : [])));
  return [...ports].sort();
}

/** Used ÷ (range − excluded), where used is what Linux sees of the same sockets. */
function checkRange(page: Page, ports: Readonly<Record<FamilyLabel, readonly number[]>>): void {
  for (const family of ['ipv4', 'ipv6'] as const) {
    assert.equal(sampleOf(page, 'tcpstate_ephemeral_port_range_first', { family }), 49_152);
    assert.equal(sampleOf(page, 'tcpstate_ephemeral_port_range_last', { family }), 65_535);
    assert.equal(sampleOf(page, 'tcpstate_ephemeral_ports', { family }), PORTS);
    const used = ports[family].filter(isInRange).length;
    assert.ok(used >= 2, `${used} ports used`);
    assert.equal(sampleOf(page, 'tcpstate_ephemeral_ports_used', { family }), used);
    assert.equal(sampleOf(page, 'tcpstate_ephemeral_utilization_ratio', { family }), used / PORTS);
  }
}

function isInRange(port: number): boolean {
  return port >= 49_152 && !EXCLUDED.some(([first, last]) => port >= first && port <= last);
}

/** The value of the one series with these labels and any others; undefined when there is none. */
function sampleOf(page: Page, metric: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const matches = (page.get(metric)?.samples ?? []).filter(({ labels: all }) =>
    Object.entries(labels).every(([name, value]) => all[name] === value),
  );
  assert.ok(matches.length <= 1, `${metric} ${JSON.stringify(labels)}: ${matches.length} series`);
  return matches[0]?.value;
}
