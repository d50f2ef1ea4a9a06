import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { OPTIONS } from '../../src/config/options.ts';
import { collectorsOf } from '../../src/model/collectors.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

describe("README's table of options", () => {
  const table = /<!-- options:start -->(.*)<!-- options:end -->/s.exec(README)![1]!;
  const rows = table.split('\n').filter((line) => line.startsWith('| `--'));

  it('has a row with flag, default and meaning for every option, and no other', () => {
    const expected = Object.values(OPTIONS).map(
      ({ flag, fallback, help }) => `| \`--${flag}\` | ${fallback === undefined ? '–' : `\`${fallback}\``} | ${help} |`,
    );
    assert.deepEqual(
      rows.filter((row) => !row.includes('collector.<name>')),
      expected,
    );
  });

  it('names every collector', () => {
    const [row] = rows.filter((candidate) => candidate.includes('collector.<name>'));
    for (const platform of ['linux', 'windows'] as const) {
      for (const { name } of collectorsOf(platform)) assert.ok(row!.includes(`\`${name}\``), name);
    }
  });
});
