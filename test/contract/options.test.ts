import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { readDiagnose } from '../../src/config/diagnose.ts';
import { DIAGNOSE_OPTIONS } from '../../src/config/diagnose-options.ts';
import { usageOf } from '../../src/config/help.ts';
import { OPTIONS, type Option } from '../../src/config/options.ts';
import { SWITCH } from '../../src/config/value-types.ts';
import { collectorsOf } from '../../src/model/collectors.ts';
import { FIGURES, type FigureRow } from '../../src/verdict/figures.ts';
import { DEFAULT_THRESHOLDS, type ThresholdName } from '../../src/verdict/thresholds.ts';

const DOCUMENT = readFileSync(new URL('../../docs/options.md', import.meta.url), 'utf8');

describe('docs/options.md', () => {
  const table = /<!-- options:start -->(.*)<!-- options:end -->/s.exec(DOCUMENT)![1]!;
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

describe('docs/diagnose.md', () => {
  const docs = readFileSync(new URL('../../docs/diagnose.md', import.meta.url), 'utf8');
  const rowsBetween = (start: string, end: string) =>
    docs
      .slice(docs.indexOf(start), docs.indexOf(end))
      .split('\n')
      .filter((line) => line.startsWith('| `'));

  it('has a row for every flag of diagnose, written as in --help, and no other', () => {
    const expected = Object.values<Option>(DIAGNOSE_OPTIONS).map((option) => {
      const usage = usageOf(option, false).replaceAll('|', '\\|');
      const { fallback, bare, type, help } = option;
      const standard = fallback && type !== SWITCH ? `\`${fallback}\`` : '–';
      return `| \`${usage}\` | ${standard}${bare === undefined ? '' : `, bare \`${bare}\``} | ${help} |`;
    });
    assert.deepEqual(rowsBetween('<!-- diagnose-options:start -->', '<!-- diagnose-options:end -->'), expected);
    const help = readDiagnose('linux', ['--help'], {});
    assert.ok(help.kind === 'help');
    for (const option of Object.values<Option>(DIAGNOSE_OPTIONS))
      assert.ok(help.text.includes(`  ${usageOf(option, false)}\n`), option.flag);
  });

  it('has a row for every figure, with the limits that hold unless others are given', () => {
    const expected = Object.entries<FigureRow>(FIGURES).map(([name, { unit, meaning, warn, crit }]) => {
      const limit = (threshold: ThresholdName | undefined) =>
        threshold === undefined ? '–' : DEFAULT_THRESHOLDS[threshold] * (unit === '%' ? 100 : 1);
      return `| \`${name}\` | ${unit === '' ? 'count' : unit} | ${meaning} | ${limit(warn)} | ${limit(crit)} |`;
    });
    assert.deepEqual(rowsBetween('<!-- figures:start -->', '<!-- figures:end -->'), expected);
  });
});
