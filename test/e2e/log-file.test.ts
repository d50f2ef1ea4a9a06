import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runProgram } from '../support/programs/finished-program.ts';

describe('--log.file', () => {
  it('has the last words of a start that failed, and standard error stays empty', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'log-file-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'exporter.log');
    const { code, stderr } = await runProgram([`--log.file=${path}`, '--web.listen-address=192.0.2.1:0']);
    assert.deepEqual([code, stderr], [1, '']);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    assert.match(lines[0]!, / level=info msg="starting tcpstate-exporter" /);
    assert.match(lines.at(-1)!, / level=fatal msg="cannot listen on 192\.0\.2\.1:0: /);
  });

  for (const name of ['stdout', 'stderr'] as const) {
    it(`may be ${name}, and the other stream stays empty`, async () => {
      const said = await runProgram([`--log.file=${name}`, '--web.listen-address=192.0.2.1:0']);
      assert.match(said[name], / level=fatal msg="cannot listen on 192\.0\.2\.1:0: /);
      assert.equal(said[name === 'stdout' ? 'stderr' : 'stdout'], '');
      assert.equal(existsSync(name), false);
    });
  }

  it('is refused when it cannot be written', async () => {
    const { code, stderr } = await runProgram(['--log.file=/dev']);
    assert.match(stderr, /^tcpstate-exporter: --log\.file=\/dev cannot be written: EISDIR.*\n$/);
    assert.equal(code, 2);
  });
});

describe('--service', () => {
  it('is refused on Linux in one line and with exit code 2', async () => {
    const { code, stderr } = await runProgram(['--service']);
    assert.match(stderr, /^tcpstate-exporter: --service is not possible here: .*Windows.*\n$/);
    assert.equal(code, 2);
  });
});
