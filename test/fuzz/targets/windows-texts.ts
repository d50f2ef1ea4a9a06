import assert from 'node:assert/strict';
import { createEventCounter } from '../../../src/platform/windows/commands/event-counter.ts';
import { parseEvents } from '../../../src/platform/windows/commands/event-xml.ts';
import { readEphemeralRange } from '../../../src/platform/windows/commands/netsh.ts';
import { parseDynamicRange, parseExcludedRanges } from '../../../src/platform/windows/commands/netsh-ports.ts';
import { readExhaustionEvents } from '../../../src/platform/windows/commands/wevtutil.ts';
import { parseNetstat } from '../../../src/platform/windows/netstat/netstat-table.ts';
import { SocketTable } from '../../../src/table/socket-table.ts';
import { answerOf, type FuzzTarget, isRefusal } from '../target.ts';
import { checkRows } from './check-rows.ts';
import { joinPieces, splitPieces } from './pieces.ts';

const LANGUAGES = ['en', 'de', 'zh'];
const NETSH_REFUSAL = { says: /^netsh show (dynamicport|excludedportrange)/ };
const EVENT_REFUSAL = {
  says: /^(wevtutil (printed something other|prints nothing)|event (without id|of \d+ characters))/,
};
const { signal } = new AbortController();

export const WINDOWS_TEXTS: Readonly<Record<string, FuzzTarget>> = {
  'netstat-table': {
    drives: [
      'platform/windows/netstat/netstat-table.ts#parseNetstat',
      'platform/windows/netstat/netstat-words.ts#readStateWord',
    ],
    holds:
      'a row for each line about TCP, each word that is not known told for its row, or a refusal that shows line or text',
    seeds: (read) => [...LANGUAGES, 'fr'].map((language) => read(`windows/netstat.${language}.txt`)),
    words: ['  TCP    ', '[::1]:80', '[fe80::1%12]:65535', '*:*', '\r\n', '127.0.0.1:0'],
    run(input) {
      const text = input.toString('latin1');
      const table = new SocketTable();
      const says = /^(line \d+ is not of the expected form|it printed (nothing|no line about TCP))/;
      const unknownStateWords = answerOf(() => parseNetstat(text, table), { says });
      if (unknownStateWords === undefined) return;
      checkRows(table, text.split('\n').length);
      for (const row of unknownStateWords.keys()) assert.ok(row < table.length);
    },
  },
  'netsh-dynamicport': {
    drives: ['platform/windows/commands/netsh-ports.ts#parseDynamicRange'],
    holds: 'a range within 1 to 65535, or a refusal that shows the text',
    seeds: (read) => LANGUAGES.map((language) => read(`windows/netsh-dynamicport.${language}.txt`)),
    words: [' : ', '\r\n', '---------------------------------\r\n'],
    run(input) {
      const range = answerOf(() => parseDynamicRange(input.toString('latin1')), NETSH_REFUSAL);
      assert.ok(range === undefined || (range.first >= 1 && range.first <= range.last && range.last <= 65_535));
    },
  },
  'netsh-excluded': {
    drives: ['platform/windows/commands/netsh-ports.ts#parseExcludedRanges'],
    holds: 'ranges within 0 to 65535, no more than lines, or a refusal that shows the text',
    seeds: (read) => LANGUAGES.map((language) => read(`windows/netsh-excluded.${language}.txt`)),
    words: ['     *', '----------    --------\r\n', '\r\n', '\n'],
    run(input) {
      const text = input.toString('latin1');
      const ranges = answerOf(() => parseExcludedRanges(text), NETSH_REFUSAL) ?? [];
      assert.ok(ranges.length <= text.split('\n').length);
      for (const { first, last } of ranges) assert.ok(first >= 0 && first <= last && last <= 65_535);
    },
  },
  netsh: {
    drives: ['platform/windows/commands/netsh.ts#readEphemeralRange'],
    holds: 'a range with its exclusions, or the refusal of one of the two texts',
    seeds: (read) =>
      LANGUAGES.map((language) =>
        joinPieces([read(`windows/netsh-dynamicport.${language}.txt`), read(`windows/netsh-excluded.${language}.txt`)]),
      ),
    async run(input) {
      const [dynamic = '', excluded = ''] = splitPieces(input).map((piece) => piece.toString('latin1'));
      try {
        const range = await readEphemeralRange(
          async (_program, args) => (args.includes('dynamicport') ? dynamic : excluded),
          'netsh.exe',
          'ipv4',
          signal,
        );
        assert.ok(range.first <= range.last);
      } catch (error) {
        if (!isRefusal(error, NETSH_REFUSAL)) throw error;
      }
    },
  },
  'event-xml': {
    drives: [
      'platform/windows/commands/event-xml.ts#parseEvents',
      'platform/windows/commands/event-counter.ts#createEventCounter',
    ],
    holds:
      'events with a whole number as id, no more than the text starts, or a refusal that shows the text; counts that never fall',
    seeds: (read) => [
      read('windows/wevtutil-4227.xml'),
      Buffer.concat([read('windows/wevtutil-4227.xml'), read('windows/wevtutil-4227.xml')]),
      '',
      '\r\n',
    ],
    words: [
      '<Event>',
      '</Event>',
      '<Event ',
      "<TimeCreated SystemTime='",
      '<EventID Qualifiers="0">4231</EventID>',
      '<EventRecordID>1</EventRecordID>',
    ],
    run(input) {
      const text = input.toString('latin1');
      const events = answerOf(() => parseEvents(text), EVENT_REFUSAL) ?? [];
      assert.ok(events.length <= text.split('<Event').length);
      for (const { id, record } of events) assert.ok(Number.isSafeInteger(id) && /^\d+$/.test(record));
      const count = createEventCounter([4227, 4231]);
      count([]);
      for (const value of Object.values(count(events))) assert.ok(value >= 0 && value <= events.length);
    },
  },
  wevtutil: {
    drives: [
      'platform/windows/commands/wevtutil.ts#readExhaustionEvents',
      'platform/windows/commands/wevtutil.ts#checkLog',
    ],
    holds: 'events, none only where the log tells about itself, or a refusal',
    seeds: (read) => [
      joinPieces([read('windows/wevtutil-4227.xml'), '']),
      joinPieces(['', read('windows/wevtutil-gli.txt')]),
    ],
    async run(input) {
      const [answer = '', about = ''] = splitPieces(input).map((piece) => piece.toString('latin1'));
      try {
        const events = await readExhaustionEvents(
          async (_program, [command]) => (command === 'gli' ? about : answer),
          'wevtutil.exe',
          1000,
          signal,
        );
        assert.ok(events.length > 0 || /\d/.test(about));
      } catch (error) {
        if (!isRefusal(error, EVENT_REFUSAL)) throw error;
      }
    },
  },
};
