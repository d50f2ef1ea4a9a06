import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { CSV_HEADER } from '../../src/diagnose/csv.ts';
import { readWindowsFixture } from '../platform/windows/recorded.ts';
import { runProgram } from '../support/programs/finished-program.ts';
import { readSs, type SsSocket } from '../support/sockets/ss.ts';
import { setTcpParameters } from './registry.ts';
import { type Answers, installAnswers } from './stand-ins.ts';
import type { Bench } from './suite.test.ts';
import { CONTROL, FIRST_PORT, PEERS, SERVICE } from './time-wait-crowd.ts';
import { type Started, windowsPath } from './wine.ts';

const RANGE = readWindowsFixture('netsh-dynamicport.en.txt');
const EXCLUDED = readWindowsFixture('netsh-excluded.en.txt');
const ANSWERS = {
  'netsh-int-ipv4-show-dynamicport-tcp': RANGE,
  'netsh-int-ipv6-show-dynamicport-tcp': RANGE,
  'netsh-int-ipv4-show-excludedportrange': EXCLUDED,
  'netsh-int-ipv6-show-excludedportrange': EXCLUDED,
  'wevtutil-qe-System': readWindowsFixture('wevtutil-4227.xml'),
};
/** Rows of a table unless --top says otherwise. */
const TOP = 10;
const ONE_LOOK = '--interval=0';
/** Wine on a busy machine takes seconds to list a few hundred sockets. */
const PATIENT = '--scrape.timeout=60s';
const FIRST_EPHEMERAL = 49_152;
const MOST_ATTEMPTS = 10;

/** Exit code, and all that was written. */
interface Ended {
  readonly code: number | null;
  readonly out: string;
}

/** `tcpstate diagnose`: what people on Windows used to ask netstat, the registry and netsh, in one command. */
export function testDiagnose(useBench: () => Bench): void {
  describe('diagnose', () => testVerdicts(useBench));
}

function testVerdicts(useBench: () => Bench): void {
  let answers: Answers;
  before(async () => {
    const { wine, standIns } = useBench();
    answers = installAnswers(wine, standIns.command);
    answers.set(ANSWERS);
    await setTcpParameters(wine, { TcpTimedWaitDelay: 30, MaxUserPort: 65_534 });
  });

  describe('who has TIME_WAIT', () => {
    let keeper: Started | undefined;
    let report = '';
    let waiting: readonly SsSocket[] = [];
    before(async () => {
      keeper = await startKeeper();
      ({ report, waiting } = await reportInQuiet());
    });
    after(() => keeper?.stop('SIGKILL'));

    it('shows the ten local ports with most, the largest first, with the numbers that Linux sees', () => {
      const labelOf = ({ localPort }: SsSocket) => (localPort >= FIRST_EPHEMERAL ? 'ephemeral' : String(localPort));
      assertLargest(tableBelow(report, 'LOCAL PORT of TIME_WAIT'), countBy(waiting, labelOf));
    });

    it('shows the ten remote addresses with most', () => {
      assertLargest(
        tableBelow(report, 'REMOTE ADDRESS of TIME_WAIT'),
        countBy(waiting, ({ remoteIp }) => remoteIp),
      );
    });

    it('names the process with connections to the same service as the likely one, and what nobody can be named for last', () => {
      const rows = tableBelow(report, 'PROCESS of TIME_WAIT (likely)');
      const toService = waiting.filter(({ remotePort }) => remotePort === SERVICE.port).length;
      assert.ok(toService > 0);
      assert.deepEqual(rows, [`node.exe ${toService}`, `unknown ${waiting.length - toService}`]);
    });

    it('shows the settings that decide: dynamic range, TcpTimedWaitDelay, MaxUserPort', () => {
      const settings = report.slice(report.indexOf('\nSETTINGS')).replaceAll(/\s+/g, ' ');
      for (const said of [
        'dynamic range 49152-65535 (16,224 ports)',
        'TIME_WAIT lasts 30 s',
        'TcpTimedWaitDelay 30 s',
        'MaxUserPort 65534',
      ])
        assert.ok(settings.includes(said), report);
    });

    it('has the words of Linux, and no line is longer than 80', async () => {
      await leaveTimeWait();
      const linux = await runProgram(['diagnose', '--state=time_wait', ONE_LOOK, '--no-collector.namespace']);
      const titles = (text: string) =>
        text.match(/^(?:[A-Z ]+ of TIME_WAIT(?: \(.*?\))?|STATES|LIMITS|SETTINGS|SEES)(?= )/gm);
      assert.equal(titles(report)?.length, 7);
      assert.deepEqual(titles(report), titles(linux.stdout));
      assert.deepEqual(
        report.split('\n').filter((line) => line.length > 80),
        [],
      );
    });

    it('shows as many rows as --top says, and how many more there are', async () => {
      await leaveTimeWait();
      const { out } = await run('--state=time_wait', '--by=port', '--top=3', ONE_LOOK);
      assert.match(tableBelow(out, 'LOCAL PORT of TIME_WAIT')[3]!, /^and \d+ more$/, out);
    });

    it('shows who has a port', async () => {
      await leaveTimeWait();
      const { code, out } = await run(`--port=${FIRST_PORT + PEERS}`);
      assert.equal(code, 0, out);
      assert.match(out, new RegExp(`^PORT ${FIRST_PORT + PEERS} .*\\n`));
      assert.match(out, /\nTIME_WAIT +\d+ +127\.0\.0\.1 +127\.0\.1\.12, \d+ ports +none any more\n/);
      assert.match(out, /\nSomebody listens on it: another service cannot/);
    });

    for (const [flag, code, word] of [
      ['--warn=time_wait:10', 1, 'WARNING'],
      ['--crit=time_wait:10', 2, 'CRITICAL'],
    ] as const)
      it(`makes a check ${code} and ${word} beyond a limit of the user`, async () => {
        await leaveTimeWait();
        const { code: got, out } = await run('--check', flag, ONE_LOOK);
        assert.equal(got, code, out);
        assert.match(out, new RegExp(`^TCP ${word} - .* time_wait=\\d+`));
      });
  });

  describe('--check', () => {
    it('is 0 and OK on a healthy host, with the figures that Windows has', async () => {
      const { code, out } = await run('--check');
      assert.equal(code, 0, out);
      assert.match(
        out,
        /^TCP OK - nothing is near a limit, .* \| util=[\d.]+%;70;95;0;100 time_wait=\d+;;;0 close_wait=\d+;;;0 /,
      );
      assert.doesNotMatch(out, /queue=|conntrack=|orphans=/);
    });

    it('is 3 for a flag that it does not know, and says which', async () => {
      const { code, out } = await run('--check', '--topp=3');
      assert.deepEqual([code, out], [3, 'TCP UNKNOWN - unknown flag --topp: did you mean --top?\n']);
    });

    it('is 3 where netsh tells no range, with the reason', async (t) => {
      answers.set({});
      t.after(() => answers.set(ANSWERS));
      const { code, out } = await run('--check', ONE_LOOK);
      assert.equal(code, 3, out);
      assert.match(out, /^TCP UNKNOWN - .*ephemeral_ports/);
    });
  });

  it('--csv appends a row with what Linux has, too, and the header once', async () => {
    const { wine } = useBench();
    const file = join(mkdtempSync(join(wine.driveC, 'csv-')), 'rows.csv');
    for (let made = 0; made < 2; made++) {
      const { code, out } = await run(`--csv=${windowsPath(file)}`, ONE_LOOK);
      assert.deepEqual([code, out], [0, '']);
    }
    const [header, ...rows] = readFileSync(file, 'utf8').trimEnd().split('\n');
    assert.deepEqual([`${header}\n`, rows.length], [CSV_HEADER, 2]);
    const fields = Object.fromEntries(header!.split(',').map((name, index) => [name, rows[1]!.split(',')[index]]));
    assert.equal(fields.status, 'ok');
    assert.ok(Number(fields.time_wait) >= 0 && fields.time_wait !== '');
    assert.equal(fields.queue, ''); // not to be had there
  });

  it('--json has range, settings and the largest groups', async () => {
    const { code, out } = await run('--json', ONE_LOOK);
    assert.equal(code, 0, out);
    const { schema, status, ranges, settings, localPorts, states } = JSON.parse(out);
    assert.deepEqual([schema, status], [1, 'ok']);
    const [{ family, first, last, ports }] = ranges;
    assert.deepEqual([family, first, last, ports], ['ipv4', 49_152, 65_535, 16_224]);
    assert.deepEqual([settings.tcpTimedWaitDelaySeconds, settings.maxUserPort], [30, 65_534]);
    assert.ok(Array.isArray(localPorts) && states.ipv4.time_wait >= 0);
  });

  it('--help has the collectors of Windows, and its own flags as on Linux', async () => {
    const { code, out } = await run('--help');
    const linux = (await runProgram(['diagnose', '--help'])).stdout;
    const own = (help: string) => help.slice(help.indexOf('\nFlags:'), help.indexOf('\nCollecting'));
    assert.deepEqual([code, own(out)], [0, own(linux)]);
    assert.match(out, /--\[no-\]collector\.port_exhaustion_events/);
    assert.doesNotMatch(out, /collector\.conntrack/);
  });

  /** A report, and what Linux sees in TIME_WAIT, while none of it ends. */
  async function reportInQuiet() {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      await leaveTimeWait();
      const waiting = readTimeWait();
      const { out: report } = await run('--state=time_wait', ONE_LOOK);
      if (waiting.length === readTimeWait().length) return { report, waiting };
    }
    throw new Error('sockets come and go all the time');
  }

  async function run(...flags: string[]): Promise<Ended> {
    const { wine, app } = useBench();
    const main = windowsPath(join(app.folder, 'dist', 'main.js'));
    const started = wine.start(app.node, main, 'diagnose', PATIENT, ...flags);
    const code = await started.end();
    return { code, out: `${started.stdout()}${started.stderr()}`.replaceAll('\r\n', '\n') };
  }

  async function startKeeper(): Promise<Started> {
    const { wine, app } = useBench();
    const keeper = wine.start(
      app.node,
      windowsPath(join(app.folder, 'test', 'windows', 'inside', 'keep-time-wait.ts')),
    );
    for (let attempt = 0; keeper.stdout() !== 'listening\n'; attempt++) {
      if (attempt === 600) throw new Error(`TIME_WAIT cannot be made:\n${keeper.stderr()}`);
      await pause(100);
    }
    return keeper;
  }
}

/** It lasts a minute, which is short for Wine on a busy machine: made anew before it is looked at. */
async function leaveTimeWait(): Promise<void> {
  const control = connect(CONTROL);
  await once(control.resume(), 'close');
}

function readTimeWait(): readonly SsSocket[] {
  return readSs().filter(({ state }) => state === 'time_wait');
}

function countBy(sockets: readonly SsSocket[], labelOf: (socket: SsSocket) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const socket of sockets) counts.set(labelOf(socket), (counts.get(labelOf(socket)) ?? 0) + 1);
  return counts;
}

/** The rows of a table are the largest groups, and right; then comes how many more there are. */
function assertLargest(rows: readonly string[], counts: ReadonlyMap<string, number>): void {
  assert.ok(counts.size > TOP);
  const largest = [...counts.values()].sort((one, other) => other - one).slice(0, TOP);
  assert.deepEqual(
    rows.slice(0, TOP).map((row) => Number(row.split(' ')[1])),
    largest,
  );
  for (const [label, sockets] of rows.slice(0, TOP).map((row) => row.split(' '))) {
    assert.equal(Number(sockets), counts.get(label!), label);
  }
  assert.deepEqual(rows.slice(TOP), [`and ${counts.size - TOP} more`]);
}

/** First and second column of a table. */
function tableBelow(report: string, heading: string): string[] {
  const from = report.indexOf(`${heading} `);
  assert.ok(from >= 0, report);
  const [, ...lines] = report.slice(from).split('\n\n')[0]!.split('\n');
  return lines.map((line) => line.trim().split(/ {2,}/).slice(0, 2).join(' '));
}
