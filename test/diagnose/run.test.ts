import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import type { ReadStream, WriteStream } from 'node:tty';
import { CSV_HEADER } from '../../src/diagnose/csv.ts';
import { runDiagnose } from '../../src/diagnose/run.ts';
import type { Source } from '../../src/diagnose/source.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { HEALTHY, withCounters } from '../verdict/hosts.ts';
import { EXHAUSTED, optionsOf } from './views.ts';

describe('diagnose', () => {
  it('looks twice, closes its source and returns the exit code of the verdict', async () => {
    const { code, out, looks, closed } = await run(['--interval=20ms'], [HEALTHY, withCounters({ sentResets: 90 })]);
    assert.equal(code, 1);
    assert.match(out, /^WARNING {3}web-1/);
    assert.deepEqual([looks, closed], [2, 1]);
  });

  it('looks once without an interval, and for a port', async () => {
    assert.deepEqual(await run(['--interval=0'], [EXHAUSTED]).then(({ code, looks }) => [code, looks]), [2, 1]);
    assert.deepEqual(await run(['--port=80'], [EXHAUSTED]).then(({ code, looks }) => [code, looks]), [0, 1]);
  });

  it('has the exit codes of Nagios', async () => {
    const inside = { ...HEALTHY, namespace: { isHostNetwork: false } };
    const codes = [];
    for (const host of [HEALTHY, withoutOrphans(), EXHAUSTED, inside])
      codes.push((await run(['--check', '--interval=0'], [host])).code);
    assert.deepEqual(codes, [0, 1, 2, 3]);
  });

  it('writes no escape sequence where there is no terminal', async () => {
    const { out } = await run(['--interval=0'], [EXHAUSTED]);
    assert.doesNotMatch(out.replaceAll('\n', ''), /\p{Cc}/u);
  });

  it('watches until its reader has gone, a row at a time with one header', async () => {
    const { code, out, looks } = await run(['--csv', '--watch=500ms'], [HEALTHY], { leaveAfter: 3 });
    assert.equal(code, 0);
    assert.equal(out.split(CSV_HEADER).length, 2);
    assert.equal(out.trimEnd().split('\n').length, looks + 1);
    assert.equal(looks, 3);
  });

  it('appends rows to a file, whose header comes once', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tcpstate-csv-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'rows.csv');
    for (let made = 0; made < 2; made++) await run([`--csv=${file}`, '--interval=0'], [HEALTHY]);
    const rows = readFileSync(file, 'utf8').trimEnd().split('\n');
    assert.deepEqual([`${rows[0]}\n`, rows.length], [CSV_HEADER, 3]);
  });

  it('leaves a file with other columns alone and says so, not among the rows', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tcpstate-csv-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'rows.csv');
    writeFileSync(file, 'time,sockets\n1,2\n');
    const { code, out, errors } = await run([`--csv=${file}`, '--interval=0'], [HEALTHY]);
    assert.deepEqual([code, out], [3, '']);
    assert.match(errors, /rows\.csv begins with other columns: give another file/);
    assert.equal(readFileSync(file, 'utf8'), 'time,sockets\n1,2\n');
  });

  it('goes on under the header that a spreadsheet has written again, and behind a row without its line break', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tcpstate-csv-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'rows.csv');
    writeFileSync(file, `\ufeff${CSV_HEADER.trimEnd()}\r\nearlier`);
    assert.equal((await run([`--csv=${file}`, '--interval=0'], [HEALTHY])).code, 0);
    assert.match(readFileSync(file, 'utf8'), /\nearlier\n2\d{3}-[^\n]+,web-1,ok,[^\n]+\n$/);
  });

  it('goes on watching when a look fails, and tells it in its place', async () => {
    const hosts = [HEALTHY, 'fails', HEALTHY] as const;
    const rows = await run(['--csv', '--watch=500ms'], hosts, { leaveAfter: 3 });
    assert.equal(rows.out.trimEnd().split('\n').length, 3);
    assert.equal(rows.errors, 'UNKNOWN   web-1: no answer \\x1b[31m\n');
    const lines = await run(['--json', '--watch=500ms'], hosts, { leaveAfter: 3 });
    const statuses = lines.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).status);
    assert.deepEqual(statuses, ['ok', 'unknown', 'ok']);
    assert.equal(lines.code, 0);
  });

  it('writes JSON lines while it watches', async () => {
    const { out } = await run(['--json', '--watch=500ms'], [HEALTHY], { leaveAfter: 2 });
    const documents = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      documents.map(({ status }) => status),
      ['ok', 'ok'],
    );
    assert.ok(documents[1].intervalSeconds > 0.4);
  });

  it('is UNKNOWN with the reason where nothing can be read, in every form', async () => {
    for (const [flag, said] of [
      ['--check', /^TCP UNKNOWN - no answer\n$/],
      ['--json', /^\{"schema":1,"host":"web-1","status":"unknown","exitCode":3,"error":"no answer"\}\n$/],
      ['--no-color', /^UNKNOWN {3}web-1: no answer\n$/],
    ] as const) {
      const { code, out } = await run([flag], []);
      assert.equal(code, 3);
      assert.match(out, said);
    }
  });
});

function withoutOrphans(): Snapshot {
  return { ...HEALTHY, memory: { orphans: 90, orphanLimit: 100 } };
}

/** Long enough to write what was seen, and shorter than any interval here. */
const LEAVE_MS = 100;

/**
 * Runs it on snapshots, of which the last stays; none: the source cannot be read. `leaveAfter`: the look after which its reader goes.
 */
async function run(
  argv: readonly string[],
  snapshots: readonly (Snapshot | 'fails')[],
  { leaveAfter = Number.POSITIVE_INFINITY } = {},
) {
  const reader = new AbortController();
  let looks = 0;
  let closed = 0;
  const source: Source = {
    place: 'web-1',
    notes: [],
    async look() {
      const snapshot = snapshots[Math.min(looks, snapshots.length - 1)];
      if (snapshot === undefined) throw new Error('no answer');
      looks++;
      if (looks === leaveAfter) setTimeout(() => reader.abort(), LEAVE_MS);
      if (snapshot === 'fails') throw new Error('no answer \u001b[31m');
      return { snapshot, atMs: performance.now() };
    },
    close: () => closed++,
  };
  const [pipe, errorPipe] = [new PassThrough(), new PassThrough()];
  const [written, complained] = [text(pipe), text(errorPipe)];
  const streams = {
    output: pipe as unknown as WriteStream,
    input: new PassThrough() as unknown as ReadStream,
    errors: errorPipe,
    readerGone: reader.signal,
  };
  const code = await runDiagnose(optionsOf(...argv), async () => source, streams);
  pipe.end();
  errorPipe.end();
  return { code, out: await written, errors: await complained, looks, closed };
}
