import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runProgram } from '../support/programs/finished-program.ts';

/** The built program has two hundred modules; a person waits for each that is a file of its own. */
const MOST_FILES = 40;

test('a check loads few files, and nothing of the server or the terminal', async (t) => {
  const files = await filesLoadedBy(t, ['diagnose', '--check', '--interval=0']);
  const packages = new Set(files.map((file) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]));
  packages.delete(undefined);
  assert.deepEqual(
    [...packages].filter((name) => !/^(koffi|@koromix\/.*)$/.test(name!)),
    [],
  );
  assert.ok(files.some((file) => file.endsWith('/dist/main.js')));
  assert.ok(files.length <= MOST_FILES, files.join('\n'));
});

test('a report for a person loads what colours and measures it, and still nothing of the server', async (t) => {
  const files = await filesLoadedBy(t, ['diagnose', '--interval=0']);
  assert.ok(files.some((file) => file.includes('/node_modules/string-width/')));
  for (const name of ['fastify', 'pino', 'prom-client', 'log-update'])
    assert.ok(!files.some((file) => file.includes(`/node_modules/${name}/`)), name);
});

/** V8 notes every script that ran. */
async function filesLoadedBy(t: TestContext, args: readonly string[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-coverage-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { code, stderr } = await runProgram(args, { env: { NODE_V8_COVERAGE: folder } });
  assert.ok(typeof code === 'number', stderr);
  const [report] = readdirSync(folder);
  const { result } = JSON.parse(readFileSync(join(folder, report!), 'utf8')) as { result: { url: string }[] };
  return result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
}
