import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExposition } from './exposition-parser.ts';

const HEADER = '# HELP a_b Something.\n# TYPE a_b gauge\n';

test('reads families with type, help, labels and values', () => {
  const page = `${HEADER}a_b{x="1",y="q\\"b\\\\n\\nü{}, "} 1.5e-7\na_b{x="2"} -3\n\n# HELP c_total It.\n# TYPE c_total counter\nc_total 0\n`;
  assert.deepEqual(
    [...parseExposition(page).values()],
    [
      {
        name: 'a_b',
        type: 'gauge',
        help: 'Something.',
        samples: [
          { name: 'a_b', labels: { x: '1', y: 'q"b\\n\nü{}, ' }, value: 1.5e-7 },
          { name: 'a_b', labels: { x: '2' }, value: -3 },
        ],
      },
      { name: 'c_total', type: 'counter', help: 'It.', samples: [{ name: 'c_total', labels: {}, value: 0 }] },
    ],
  );
});

test('reads values that are no numbers', () => {
  const page = `${HEADER}a_b{x="1"} NaN\na_b{x="2"} +Inf\na_b{x="3"} -Inf\n`;
  const values = parseExposition(page)
    .get('a_b')
    ?.samples.map(({ value }) => value);
  assert.deepEqual(values, [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
});

test('reads counters and histograms of an OpenMetrics page', () => {
  const page =
    '# HELP c It.\n# TYPE c counter\nc_total 4\n# HELP h It.\n# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 2\nh_count 1\n# EOF\n';
  const families = parseExposition(page, 'openmetrics');
  assert.deepEqual(
    [...families.values()].map(({ name, samples }) => [name, samples.length]),
    [
      ['c', 1],
      ['h', 3],
    ],
  );
});

const REFUSED: Readonly<Record<string, string>> = {
  'no end of the last line': `${HEADER}a_b 1`,
  'a value with a comma': `${HEADER}a_b 1,5\n`,
  'an empty value': `${HEADER}a_b \n`,
  'two spaces before the value': `${HEADER}a_b  1\n`,
  'a timestamp': `${HEADER}a_b 1 1700000000\n`,
  'Nan, as only some parsers take it': `${HEADER}a_b Nan\n`,
  'a bare quote in a label': `${HEADER}a_b{x="a"b"} 1\n`,
  'an unknown escape in a label': `${HEADER}a_b{x="a\\t"} 1\n`,
  'a backslash at the end of a label': `${HEADER}a_b{x="a\\"} 1\n`,
  'an unknown escape in a help': '# HELP a_b So \\d.\n# TYPE a_b gauge\na_b 1\n',
  'an unquoted label': `${HEADER}a_b{x=1} 1\n`,
  'a label name with a hyphen': `${HEADER}a_b{x-y="1"} 1\n`,
  'empty braces': `${HEADER}a_b{} 1\n`,
  'a comma after the last label': `${HEADER}a_b{x="1",} 1\n`,
  'no comma between labels': `${HEADER}a_b{x="1"y="2"} 1\n`,
  'open braces': `${HEADER}a_b{x="1" 1\n`,
  'a label twice': `${HEADER}a_b{x="1",x="2"} 1\n`,
  'a series twice': `${HEADER}a_b{x="1",y="2"} 1\na_b{y="2",x="1"} 1\n`,
  'a family twice': `${HEADER}a_b{x="1"} 1\n${HEADER}a_b{x="2"} 1\n`,
  'a sample without a family': 'a_b 1\n',
  'a sample of another family': `${HEADER}a_c 1\n`,
  'a type without a help': '# TYPE a_b gauge\na_b 1\n',
  'a help without a type': '# HELP a_b It.\na_b 1\n',
  'a type of another family': '# HELP a_b It.\n# TYPE a_c gauge\na_b 1\n',
  'an unknown type': '# HELP a_b It.\n# TYPE a_b gauges\na_b 1\n',
  'a comment': `${HEADER}# see below\na_b 1\n`,
};

for (const [what, page] of Object.entries(REFUSED)) {
  test(`refuses ${what}`, () => assert.throws(() => parseExposition(page)));
}

const REFUSED_OPENMETRICS: Readonly<Record<string, string>> = {
  'a page without # EOF': `${HEADER}a_b 1\n`,
  'two # EOF': `${HEADER}a_b 1\n# EOF\n# EOF\n`,
  'a line after # EOF': `${HEADER}# EOF\na_b 1\n`,
  'an empty line': `${HEADER}a_b 1\n\n# EOF\n`,
  'a counter without _total': '# HELP c It.\n# TYPE c counter\nc 4\n# EOF\n',
  'metadata of a counter with _total': '# HELP c_total It.\n# TYPE c_total counter\nc_total 4\n# EOF\n',
  'a bare quote in a help': '# HELP c A "b".\n# TYPE c gauge\nc 4\n# EOF\n',
};

for (const [what, page] of Object.entries(REFUSED_OPENMETRICS)) {
  test(`refuses in OpenMetrics ${what}`, () => assert.throws(() => parseExposition(page, 'openmetrics')));
}
