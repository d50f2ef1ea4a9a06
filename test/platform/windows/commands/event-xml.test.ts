import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseEvents } from '../../../../src/platform/windows/commands/event-xml.ts';
import { readWindowsFixture } from '../recorded.ts';

const EVENT = readWindowsFixture('wevtutil-4227.xml').toString('latin1');

describe('parseEvents', () => {
  it('reads an event', () => {
    assert.deepEqual(parseEvents(EVENT), [{ id: 4227, record: '81234', time: '2026-03-04T05:06:07.1234567Z' }]);
  });

  it('reads several events, whether or not there is a line between them, and double quotes', () => {
    const other = EVENT.replace('4227<', '4231<').replace('81234', '81235').replaceAll("'", '"');
    for (const between of ['', '\r\n']) {
      assert.deepEqual(
        parseEvents(`${EVENT.trim()}${between}${other}`).map(({ id, record }) => [id, record]),
        [
          [4227, '81234'],
          [4231, '81235'],
        ],
      );
    }
  });

  it('reads an empty answer as no event', () => {
    assert.deepEqual(parseEvents(''), []);
    assert.deepEqual(parseEvents('\r\n'), []);
  });

  it('refuses every truncation', () => {
    const text = EVENT.trim();
    for (let length = 1; length < text.length; length++) assert.throws(() => parseEvents(text.slice(0, length)));
    assert.throws(() => parseEvents(text.slice(0, 100) + text), /not|something|without/);
  });

  it('takes no longer than the text is long, whatever is missing', () => {
    const start = performance.now();
    for (const piece of ['<Event>', '<EventID ', '<Event><EventID ', "<TimeCreated SystemTime='", '</Event>']) {
      assert.throws(() => parseEvents(piece.repeat(100_000)), piece);
      assert.throws(() => parseEvents(`<Event>${piece.repeat(100_000)}</Event>`), piece);
    }
    assert.ok(performance.now() - start < 3000, `${performance.now() - start} ms`);
  });

  it('refuses text that is not events, and events without an id, a record number or a time', () => {
    assert.throws(() => parseEvents('Access is denied.'), /something other than events: Access is denied/);
    for (const part of [/<EventID.*<\/EventID>/, /<EventRecordID>.*<\/EventRecordID>/, /<TimeCreated[^>]*>/]) {
      assert.throws(() => parseEvents(EVENT.replace(part, '')), /event without/);
    }
    assert.throws(() => parseEvents(EVENT.replace('>4227<', '>40000000000000000<')), /event without id/);
  });
});
