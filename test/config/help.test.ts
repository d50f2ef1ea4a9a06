import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readCommand } from '../../src/config/config.ts';
import { environmentName, OPTIONS } from '../../src/config/options.ts';
import { collectorsOf } from '../../src/model/collectors.ts';

const help = helpOf('linux');

it('names every option once, with its environment variable and its default', () => {
  for (const option of Object.values(OPTIONS)) {
    const entry = new RegExp(
      `^  --(\\[no-\\])?${option.flag.replaceAll('.', '\\.')}(=<[^>]+>)?\\n((      .*\\n)+)`,
      'gm',
    );
    const found = [...help.matchAll(entry)];
    assert.equal(found.length, 1, option.flag);
    const body = found[0]?.[3] ?? '';
    assert.ok(body.includes(`[${environmentName(option.flag)}]`), body);
    if (option.fallback !== undefined && option.fallback !== 'false')
      assert.ok(body.includes(`Default: ${option.fallback}`), body);
  }
});

it('names the collectors of its platform', () => {
  for (const platform of ['linux', 'windows'] as const) {
    const flags = [...helpOf(platform).matchAll(/^ {2}--\[no-\]collector\.([a-z0-9_]+)$/gm)].map((match) => match[1]);
    assert.deepEqual(
      flags,
      collectorsOf(platform).map(({ name }) => name),
    );
  }
});

it('fits into 88 columns and has no trailing blanks', () => {
  for (const line of help.split('\n')) {
    assert.ok(line.length <= 88, line);
    assert.equal(line, line.trimEnd());
  }
});

function helpOf(platform: 'linux' | 'windows'): string {
  const command = readCommand(platform, ['--help'], {});
  assert.equal(command.kind, 'help');
  return command.text;
}
