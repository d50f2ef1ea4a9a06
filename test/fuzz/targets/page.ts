import assert from 'node:assert/strict';
import { createLogger } from '../../../src/log/log.ts';
import { renderExposition } from '../../../src/metrics/exposition.ts';
import { gauge } from '../../../src/metrics/family.ts';
import { describeError } from '../../../src/model/describe-error.ts';
import { NameTable } from '../../../src/table/name-table.ts';
import { parseExposition } from '../../support/pages/exposition-parser.ts';
import type { FuzzTarget } from '../target.ts';
import { joinPieces, splitPieces } from './pieces.ts';

const NAMES = [
  'nginx',
  'say "no"',
  'back\\slash',
  'two\nlines',
  'ünï',
  'a="1",b:2',
  '',
  'unknown',
  'other',
  'other_',
  '# EOF',
  '\u2028',
];
/** How the bytes of a name become text on one of the platforms. */
const ENCODINGS = ['utf8', 'utf16le', 'latin1'] as const;

export const PAGE: Readonly<Record<string, FuzzTarget>> = {
  exposition: {
    drives: ['metrics/exposition.ts#renderExposition', 'table/name-table.ts#intern', 'table/name-table.ts#nameOf'],
    holds: 'a page that a strict reader reads, as the bytes on the wire, with every name once and none empty',
    seeds: () => [
      joinPieces(NAMES),
      joinPieces(['\u0001', '3', '\ud83d\ude00']),
      Buffer.concat([Buffer.from([1]), joinPieces([Buffer.from([0, 0xd8]), Buffer.from([1, 0xd8])])]),
    ],
    async run(input) {
      const encoding = ENCODINGS[(input[0] ?? 0) % ENCODINGS.length]!;
      const table = new NameTable();
      const ids = new Set(splitPieces(input.subarray(1)).map((piece) => table.intern(piece.toString(encoding))));
      const samples = [...ids].map((id, value) => ({ labels: [table.nameOf(id), 'x'] as const, value }));
      const families = [
        gauge('fuzz_names', ['process', 'state'], 'Help with \\ in it.', samples),
        gauge('fuzz_one', [], 'One.', [{ labels: [], value: 1 }]),
      ];
      for (const format of ['text', 'openmetrics'] as const) {
        const page = await renderExposition(families, undefined, format);
        const read = parseExposition(Buffer.from(page.body).toString(), format).get('fuzz_names')?.samples ?? [];
        assert.equal(read.length, ids.size);
        for (const { labels } of read)
          assert.ok(labels.process !== '' && !['unknown', 'other'].includes(labels.process!));
      }
    },
  },
  log: {
    drives: [
      'log/log.ts#createLogger',
      'log/log.ts#toLogfmt',
      'log/log.ts#formatValue',
      'model/describe-error.ts#describeError',
    ],
    holds: 'one line for each message, without control characters, whatever is logged',
    seeds: () => [
      joinPieces(['key', 'value', 'a message']),
      joinPieces(['odd key=', 'two\nlines', '\u001b[31m']),
      joinPieces(['__proto__', '\u0085\u009b', '"']),
    ],
    run(input) {
      const [key = '', value = '', message = ''] = splitPieces(input).map((piece) => piece.toString());
      for (const format of ['logfmt', 'json'] as const) {
        const lines: string[] = [];
        const log = createLogger({ level: 'info', format }, { write: (line: string) => lines.push(line) });
        log.warn({ [key]: value, error: new Error(value, { cause: new Error(message) }) }, message);
        assert.equal(lines.length, 1);
        assert.match(lines[0]!, /^[^\p{Cc}\u2028\u2029]+\n$/u);
      }
      assert.match(describeError(new Error(value, { cause: message })), /^[^\r\n]*$/);
    },
  },
};
