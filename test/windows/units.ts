import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import type { Bench } from './suite.test.ts';
import { windowsPath } from './wine.ts';

const FOLDERS = ['model', 'table', 'enrich', 'tally', 'metrics', 'self-check', join('platform', 'windows')];
/** The first needs promtool, a program of Linux here; the second reads the process's CPU time, which Wine does not tell. */
const LEFT_OUT = ['promtool.test.ts', 'self.test.ts'];

export function testUnits(useBench: () => Bench): void {
  it('passes the unit tests of model, table, enrich, tally, metrics, self-check and the codecs of Windows', async () => {
    const { wine, app } = useBench();
    const files = FOLDERS.flatMap((name) => {
      const folder = join(app.folder, 'test', name);
      const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
      const tests = names.filter((file) => file.endsWith('.test.ts') && !LEFT_OUT.includes(file));
      return tests.map((file) => windowsPath(join(folder, file)));
    });
    const options = ['--test', '--test-reporter=tap', '--experimental-test-isolation=none'];
    const report = await wine.run(app.node, ...options, ...files);
    const count = (what: string) => Number(new RegExp(`^# ${what} (\\d+)`, 'm').exec(report)?.[1]);
    assert.ok(count('pass') > 200, report.slice(-500));
    assert.deepEqual([count('fail'), count('cancelled'), count('skipped')], [0, 0, 0]);
  });
}
