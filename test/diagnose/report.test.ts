import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { cut, cutMiddle, formatParagraph, formatTable, pad, widthOf } from '../../src/diagnose/layout.ts';
import { COLORS } from '../../src/diagnose/palette.ts';
import { formatReport } from '../../src/diagnose/report.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { LINUX_SNAPSHOT, WINDOWS_SNAPSHOT } from '../support/pages/snapshots.ts';
import { HEALTHY, withCounters, withSockets } from '../verdict/hosts.ts';
import { EXHAUSTED, PLAIN, viewOf } from './views.ts';

const report = (now: Snapshot, argv: readonly string[] = [], before?: Snapshot) =>
  formatReport(viewOf(now, argv, before), PLAIN);

describe('the report', () => {
  it('begins with the verdict, who it is, what to do and what not', () => {
    assert.equal(
      report(EXHAUSTED, [], EXHAUSTED).split('\n\n').slice(0, 3).join('\n\n'),
      `CRITICAL  web-1  10:42:07  1 critical

CRITICAL  Ports to 10.0.0.50:5432 are exhausted: 28,232 of 28,232 taken (28,172
          TIME_WAIT, 60 open).
          likely shop-worker (inferred: 60 open connections there)
          from 10.0.0.1, range 32768-60999
          the range sustains 471/s to one destination
   means  New connections to this destination fail with "Cannot assign requested
          address": each that was closed keeps its port for a minute.
      do  Slow down or stop shop-worker, then let it reuse its connections (a
          pool); if the range is narrow, widen it (net.ipv4.ip_local_port_range,
          on Windows netsh int ipv4 set dynamicport).
     not  tcp_tw_recycle, tcp_fin_timeout, killing TIME_WAIT sockets: none of
          them frees a port safely.
    more  runbook, TcpEphemeralPortsExhausted

PORTS TO         taken  of range  TIME_WAIT  process (~ likely)
10.0.0.50:5432  28,232     100 %     28,172  shop-worker ~
10.0.0.7:5432       40     0.1 %          0`,
    );
  });

  it('tells destinations that differ in the local address only by it', () => {
    const { ephemeral } = EXHAUSTED.sockets!;
    const [first] = ephemeral!.destinations.cells;
    const cells = [first!, { ...first!, localIp: '10.0.0.2' }];
    const text = report({
      ...EXHAUSTED,
      sockets: { ...EXHAUSTED.sockets!, ephemeral: { ...ephemeral!, destinations: { cells, folded: 0 } } },
    });
    assert.deepEqual(text.match(/^10\.0\.0\.7:5432 from \S+/gm), [
      '10.0.0.7:5432 from 10.0.0.1',
      '10.0.0.7:5432 from 10.0.0.2',
    ]);
  });

  it('of a healthy host is a verdict and what it was seen by', () => {
    const text = report(withCounters({ activeOpens: 12 }), [], HEALTHY);
    assert.match(text, /^OK {8}web-1 {2}10:42:07 {2}nothing is near a limit\n/);
    assert.match(text, /^STATES {4}ESTABLISHED 130, TIME_WAIT 400, CLOSE_WAIT 2, LISTEN 9$/m);
    assert.match(text, /^LIMITS {4}ports 1\.1 %, accept queue 0\.6 %/m);
    assert.match(text, /^RATES {5}12\.0\/s opened$/m);
    assert.match(text, /^SEES {6}541 sockets, the network of the host$/m);
  });

  it('says of what was not seen that it was not', () => {
    const text = report({ outcomes: [{ collector: 'sockets', success: false, seconds: 0, error: 'EPERM' }] });
    assert.match(text, /^UNKNOWN .*\n\nUNKNOWN {3}The collector sockets failed: EPERM\./);
    assert.match(text, /^SEES {6}no sockets\n {10}no processes: nobody looked for them\n {10}one look only/m);
  });

  it('fits 80 columns, whatever the host', () => {
    for (const snapshot of [EXHAUSTED, HEALTHY, LINUX_SNAPSHOT, WINDOWS_SNAPSHOT])
      for (const argv of [[], ['--state=time_wait'], ['--by=process']])
        for (const line of report(snapshot, argv, snapshot).split('\n')) assert.ok(widthOf(line) <= 80, line);
  });

  it('has the same words in colour', () => {
    const view = viewOf(EXHAUSTED);
    const colored = formatReport(view, { ...PLAIN, palette: COLORS });
    assert.equal(stripVTControlCharacters(colored), formatReport(view, PLAIN));
  });

  it('answers who has TIME_WAIT by port, address and likely process, at once', () => {
    const text = report(EXHAUSTED, ['--state=TIME-WAIT']);
    assert.match(text, /^LOCAL PORT of TIME_WAIT +sockets +share\nephemeral +28,172 +100 %$/m);
    assert.match(text, /^REMOTE ADDRESS of TIME_WAIT +sockets +share\n10\.0\.0\.50 +28,172 +100 %$/m);
    assert.match(text, /^PROCESS of TIME_WAIT \(likely\) +sockets +share\nshop-worker +28,172 +100 %$/m);
  });

  it('tells a process what is probably its own, and leaves unknown to the end', () => {
    const text = report(EXHAUSTED, ['--by=process']);
    assert.match(text, /^shop-worker +28,232 +100 % +TIME_WAIT~ 28,172 ESTABLISHED 60$/m);
    assert.match(report(HEALTHY, ['--by=unit']), /^UNIT\nnot known here$/m);
  });

  it('says "none" only of a state that its source shows', () => {
    assert.match(report(EXHAUSTED, ['--state=fin_wait1']), /^LOCAL PORT of FIN_WAIT1\nnone$/m);
    const states = { ...EXHAUSTED.sockets!.states!, ipv4: [], ipv6: [] };
    const blind = report(withSockets({ states }, EXHAUSTED), ['--state=bound']);
    assert.match(blind, /^LOCAL PORT of BOUND\nnot known here$/m);
    assert.doesNotMatch(blind, /^none$/m);
  });

  it('says to whom a process is hidden in its own words, not in those of the log', () => {
    const told = viewOf(HEALTHY);
    const notes = ['CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH missing: give both to the service', 'no bound sockets'];
    const text = formatReport({ ...told, notes }, PLAIN);
    assert.doesNotMatch(text, /CAP_SYS_PTRACE/);
    assert.match(text, /no bound sockets/);
  });

  it('of Windows names its settings', () => {
    const text = report(WINDOWS_SNAPSHOT);
    assert.match(text.replaceAll(/\n {10}/g, ' '), /dynamic range .*TcpTimedWaitDelay .*, MaxUserPort /);
  });

  it('says what to do once where several processes have the same trouble', () => {
    const cells = ['one', 'two', 'three'].map((process) => ({ process, reason: 'unclosed' as const, sockets: 50 }));
    const oldest = cells.map(({ process }) => ({ process, seconds: 900 }));
    const text = report(withSockets({ closeWait: { oldest, stuck: cells, folded: 0 } }));
    assert.match(text, /^WARNING {3}web-1 {2}\S+ {2}3 warnings\n/);
    for (const { process } of cells) assert.match(text, new RegExp(`^WARNING {3}${process} never closed 50`, 'm'));
    assert.equal(text.match(/^ +do {2}/gm)?.length, 1);
    assert.equal(text.match(/^ +means {2}/gm)?.length, 1);
  });

  it('spells out what a name would do to the terminal', () => {
    const name = '\u001b[2J\u202eevil';
    const stuck = { process: name, reason: 'unclosed' as const, sockets: 50 };
    const text = report(
      withSockets({ closeWait: { oldest: [{ process: name, seconds: 900 }], stuck: [stuck], folded: 0 } }),
    );
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
    assert.match(text, /\\x1b\[2J\\u202eevil never closed 50 connections/);
  });
});

describe('a table', () => {
  it('is in line with names of any script', () => {
    const rows = [
      ['データベース', '5'],
      ['e\u0301tat', '10'],
      ['👩‍💻-worker', '7'],
    ];
    const lines = formatTable([{ heading: 'process' }, { heading: 'n', align: 'right' }], rows, 80);
    assert.deepEqual(new Set(lines.map(widthOf)).size, 1, lines.join('\n'));
  });

  it('cuts its flexible column, and nothing else, where the line is too short', () => {
    const columns = [
      { heading: 'process', cut: 'end' },
      { heading: 'sockets', align: 'right' },
    ] as const;
    const [, row] = formatTable(columns, [['a'.repeat(60), '12,345']], 40);
    assert.equal(row, `${'a'.repeat(30)}…   12,345`);
    assert.equal(cut('データベース', 6), 'デー…');
    assert.equal(pad('デ', 4), 'デ  ');
  });

  it('cuts an address in its middle: its port stays', () => {
    const columns = [
      { heading: 'PORTS TO', cut: 'middle' },
      { heading: 'taken', align: 'right' },
    ] as const;
    const [, row] = formatTable(columns, [['[fd00:1234:5678:9abc:def0:1234:5678:9abc]:5432', '30']], 40);
    assert.match(row!, /^\[fd00:1234:[^ ]*…[^ ]*:9abc\]:5432 +30$/);
    assert.equal(widthOf(row!), 40);
    assert.equal(cutMiddle('データベース', 7), 'デー…ス');
    assert.equal(cutMiddle('short', 7), 'short');
  });
});

describe('a paragraph', () => {
  it('wraps at words and keeps one that is too long whole', () => {
    assert.deepEqual(formatParagraph('do  ', 'one two three', 12), ['do  one two', '    three']);
    assert.deepEqual(formatParagraph('', 'a https://example.org/x', 8), ['a', 'https://example.org/x']);
  });
});
