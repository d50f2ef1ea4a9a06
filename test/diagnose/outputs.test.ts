import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { formatCheck } from '../../src/diagnose/check.ts';
import { CSV_HEADER, formatCsvRow } from '../../src/diagnose/csv.ts';
import { toDocument } from '../../src/diagnose/json.ts';
import { HEALTHY, withCounters, withSockets } from '../verdict/hosts.ts';
import { EXHAUSTED, viewOf } from './views.ts';

/** Status, text, and what Nagios' guidelines call performance data. */
const LINE = /^TCP (OK|WARNING|CRITICAL|UNKNOWN) - ([^|\n]+)(?: \| ((?:\w+=[\d.]+%?(?:;[\d.]*){0,4} ?)+))?\n$/;

describe('--check', () => {
  it('is one line with subject, numbers, likely owner and performance data', () => {
    const [, status, text, data] = LINE.exec(formatCheck(viewOf(EXHAUSTED, ['--warn=time_wait:9000'])))!;
    assert.equal(status, 'CRITICAL');
    assert.equal(
      text,
      'Ports to 10.0.0.50:5432 are exhausted: 28,232 of 28,232 taken (28,172 TIME_WAIT, 60 open) (likely shop-worker)',
    );
    assert.match(data!, /^util=100%;70;95;0;100 time_wait=400;9000;;0;131072 close_wait=2;;;0 /);
  });

  it('is OK for a healthy host', () => {
    assert.match(formatCheck(viewOf(HEALTHY)), /^TCP OK - nothing is near a limit, fds 8\.8 % \| /);
  });

  it('counts further findings, and is one line without a bar for any name', () => {
    const process = 'a|b\nc';
    const stuck = [{ process, reason: 'unclosed' as const, sockets: 50 }];
    const host = withSockets({ closeWait: { oldest: [], stuck, folded: 0 } });
    const [, status, text] = LINE.exec(formatCheck(viewOf({ ...host, namespace: { isHostNetwork: false } })))!;
    assert.equal(status, 'WARNING');
    assert.equal(text, 'a¦b\\x0ac never closed 50 connections that the peers closed; 1 more');
  });

  it('is UNKNOWN without performance data where nothing was read', () => {
    const outcomes = [{ collector: 'sockets', success: false, seconds: 0, error: 'EPERM' }] as const;
    assert.equal(formatCheck(viewOf({ outcomes })), 'TCP UNKNOWN - The collector sockets failed: EPERM\n');
  });
});

describe('--csv', () => {
  const columns = CSV_HEADER.trimEnd().split(',');
  const cell = (row: string, column: string) => row.trimEnd().split(',')[columns.indexOf(column)];

  it('has a field for every column, empty where nothing is known', () => {
    const later = withCounters({ timeWaitEntered: 480 }, EXHAUSTED);
    const row = formatCsvRow(viewOf(later, [], EXHAUSTED));
    assert.equal(row.trimEnd().split(',').length, columns.length);
    assert.deepEqual(
      [
        'host',
        'status',
        'time_wait',
        'close_wait',
        'util',
        'busiest_destination',
        'time_wait_per_second',
        'findings',
      ].map((column) => cell(row, column)),
      ['web-1', 'critical', '400', '2', '100', '10.0.0.50:5432', '480', 'ports_exhausted_by_time_wait'],
    );
    assert.equal(cell(formatCsvRow(viewOf({ outcomes: [] })), 'time_wait'), '');
    assert.equal(cell(formatCsvRow(viewOf(EXHAUSTED)), 'time_wait_per_second'), '');
  });

  it('quotes what would break a row, and gives a spreadsheet no formula', () => {
    const view = { ...viewOf(HEALTHY), place: '=cmd("x"),1' };
    assert.match(formatCsvRow(view), /,"'=cmd\(""x""\),1",ok,/);
  });
});

describe('--json', () => {
  it('is what docs/diagnose.md says, field by field', () => {
    const docs = readFileSync(new URL('../../docs/diagnose.md', import.meta.url), 'utf8');
    const [, table] = /<!-- json:start -->(.*)<!-- json:end -->/s.exec(docs)!;
    const documented = [...table!.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(documented, Object.keys(toDocument(viewOf(EXHAUSTED, [], EXHAUSTED))));
  });

  it('survives being written, with the finding whole', () => {
    const read = JSON.parse(JSON.stringify(toDocument(viewOf(EXHAUSTED))));
    assert.equal(read.exitCode, 2);
    assert.deepEqual(read.findings[0].subject, viewOf(EXHAUSTED).verdict.findings[0]!.subject);
    assert.deepEqual(read.findings[0].owner, { process: 'shop-worker', openConnections: 60, isInferred: true });
    assert.equal(read.states.ipv4.time_wait, 400);
    assert.ok(!('intervalSeconds' in read));
  });
});
